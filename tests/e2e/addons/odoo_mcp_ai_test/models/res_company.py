from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    ai_monthly_budget_eur = fields.Float(string="Monthly AI budget (EUR)")
    ai_two_pass_escalation = fields.Boolean(string="Second look at doubtful bills")
    ai_post_confidence_threshold = fields.Float(string="Confidence to post", default=0.95)
    ai_post_autopost = fields.Boolean(string="Post bills by themselves")
