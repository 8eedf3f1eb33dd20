# The fields, the step list and the methods that the AI tools of the bridge expect of an add-on, for
# the tests. It works on Odoo 14 and 19 alike, so its version names neither.
{
    "name": "odoo-mcp: AI invoices for tests",
    "summary": "Fields of bills and companies, pipeline steps, and methods that steps call",
    "version": "1.0",
    "category": "Hidden/Tests",
    "author": "odoo-mcp",
    "license": "Other OSI approved licence",
    "depends": ["account"],
    "data": ["security/ir.model.access.csv"],
    "installable": True,
}
