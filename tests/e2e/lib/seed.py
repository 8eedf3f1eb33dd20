# Runs in `odoo shell` on a new database: 500 contacts, and an API key for admin and for demo.
# The lines that start with "SEED: " become the variables of the environment file.
import inspect

import odoo

env = globals()["env"]  # given by the shell

partners = env["res.partner"]
countries = env["res.country"].search([], limit=40).ids
partners.create([
    {
        "name": "Sample Contact %03d" % number,
        "email": "contact%03d@sample.example.com" % number,
        "phone": "+1 555 010 %04d" % number,
        "city": "City %02d" % (number % 25),
        "country_id": countries[number % len(countries)],
    }
    for number in range(1, 501)
])

for prefix, login in (("", "admin"), ("DEMO_", "demo")):
    user = env["res.users"].search([("login", "=", login)])
    keys = env(user=user)["res.users.apikeys"]
    arguments = {"scope": "rpc", "name": "odoo-mcp end to end"}
    # Since Odoo 18 a key of an ordinary user needs a date on which it expires.
    if "expiration_date" in inspect.signature(keys._generate).parameters:
        arguments["expiration_date"] = odoo.fields.Datetime.add(odoo.fields.Datetime.now(), days=90)
    print("SEED: %sAPI_KEY=%s" % (prefix, keys._generate(**arguments)))
    print("SEED: %s_UID=%d" % (login.upper(), user.id))
    if prefix:
        print("SEED: DEMO_LOGIN=demo")
        print("SEED: DEMO_PASSWORD=demo")
env.cr.commit()
