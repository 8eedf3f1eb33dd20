from odoo import fields, models


class AiSkill(models.Model):
    _name = "ai.skill"
    _description = "AI skill"

    name = fields.Char(required=True)


class AiPipelineStep(models.Model):
    _name = "ai.pipeline.step"
    _description = "AI pipeline step"
    _order = "pipeline, sequence, id"

    name = fields.Char(required=True)
    pipeline = fields.Char(required=True, index=True)
    sequence = fields.Integer(default=10)
    model = fields.Char(required=True)
    method = fields.Char(required=True)
    skill_id = fields.Many2one("ai.skill", ondelete="set null")
    trigger_domain = fields.Text()
    on_error = fields.Selection([("skip", "Skip"), ("abort", "Abort")], default="skip", required=True)
    active = fields.Boolean(default=True)
    module = fields.Char()
    last_run_state = fields.Selection([("ok", "OK"), ("skipped", "Skipped"), ("error", "Error")])
    last_run_message = fields.Text()
    last_run_date = fields.Datetime()
