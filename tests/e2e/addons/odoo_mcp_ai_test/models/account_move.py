from odoo import fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _inherit = "account.move"

    ai_post_confidence = fields.Float(string="AI confidence", copy=False)
    ai_needs_review = fields.Boolean(string="Needs review", copy=False)
    ai_post_log = fields.Text(string="AI log", copy=False)
    ai_review_reason = fields.Char(string="Reason of the review", copy=False)
    ai_pipeline_requested = fields.Boolean(string="Waits for the pipeline", copy=False)

    def action_ai_post_vendor_bill(self):
        """Posts drafts of vendor bills, as far as nobody has to look at them first."""
        for move in self:
            if move.move_type not in ("in_invoice", "in_refund"):
                raise UserError("Only vendor bills are posted here.")
            if move.state != "draft":
                raise UserError("Only drafts are posted here.")
            if move.ai_needs_review:
                raise UserError("This bill needs a review first.")
        self.action_post()
        for move in self:
            move.ai_post_log = (move.ai_post_log or "") + "posted by the pipeline\n"
        return True
