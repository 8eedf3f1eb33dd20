import json

from odoo import api, fields, models
from odoo.exceptions import UserError


class AiTestCall(models.Model):
    """One line per step that was really called, for tests that ask Odoo itself."""

    _name = "ai.test.call"
    _description = "Call of a test step"

    method = fields.Char(required=True)
    source_model = fields.Char()
    source_id = fields.Integer()
    context = fields.Text()


class AiTestSteps(models.Model):
    _name = "ai.test.steps"
    _description = "Methods for test steps"

    name = fields.Char()

    def _log_call(self, method, ctx):
        self.env["ai.test.call"].create(
            {
                "method": method,
                "source_model": ctx.get("source_model"),
                "source_id": ctx.get("source_id") or 0,
                "context": json.dumps(ctx, sort_keys=True),
            }
        )

    @api.model
    def step_note(self, ctx):
        """Adds a note to the context."""
        self._log_call("step_note", ctx)
        return dict(ctx, note="seen by Odoo")

    @api.model
    def step_count(self, ctx):
        """Counts how often it was called in one run."""
        self._log_call("step_count", ctx)
        return dict(ctx, count=int(ctx.get("count") or 0) + 1)

    @api.model
    def step_abort(self, ctx):
        """Asks the pipeline to stop."""
        self._log_call("step_abort", ctx)
        return dict(ctx, abort=True, abort_reason="the step asked to stop")

    @api.model
    def step_raise(self, ctx):
        """Always fails; what it did is rolled back by Odoo."""
        self._log_call("step_raise", ctx)
        raise UserError("the test step fails on purpose")

    @api.model
    def step_grow(self, ctx):
        """Answers a context of the size that the caller asks for."""
        self._log_call("step_grow", ctx)
        return dict(ctx, filler="x" * int(ctx.get("grow_bytes") or 0))

    @api.model
    def step_silent(self, ctx):
        """Answers something that is no context."""
        self._log_call("step_silent", ctx)
        return True

    @api.model
    def step_other_record(self, ctx):
        """Tries to point the rest of the pipeline at another record."""
        self._log_call("step_other_record", ctx)
        return dict(ctx, source_id=1, source_res_id=1, source_model="res.users")

    @api.model
    def _step_private(self, ctx):
        self._log_call("_step_private", ctx)
        return dict(ctx, private=True)
