# odoo-mcp refresh: tells the browsers of the user who runs it that records changed.
asked = env.context.get('odoo_mcp_refresh') or {}
ids = [i for i in asked.get('ids') or [] if isinstance(i, int)][:100]
fields = [str(f)[:64] for f in asked.get('fields') or []][:20]
known = env['ir.model'].sudo().search([('model', '=', str(asked.get('model') or ''))], limit=1)
what = known.name or 'Odoo'
if len(ids) == 1:
    what += ' #%s' % ids[0]
text = 'Changed: %s. ' % ', '.join(fields) if fields else 'Something changed. '
env['bus.bus'].sendone((env.cr.dbname, 'res.partner', env.user.partner_id.id), {
    'type': 'simple_notification', 'title': what, 'message': text + 'Reload the page to see it.',
    'warning': True, 'sticky': False,
})
