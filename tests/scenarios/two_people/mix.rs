//! A thousand calls of all kinds, of two people at once.

use std::{collections::BTreeSet, sync::Mutex, thread, time::Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    super::{
        harness::{Answer, Person, World},
        translations,
    },
    pair::{LISTS_MAX, NAMES_MAX, Pair, Somebody},
};

/// All calls of the mix, and how many are under way at once.
const CALLS: usize = 1_000;
const WORKERS_EACH: usize = 4;
/// The same calls in the same order for each run.
const SEED: u64 = 0x0dd0_0006;

/// Numbers that only look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).expect("a small number")
    }
}

/// What somebody made during the mix.
#[derive(Default)]
struct Made {
    partners: BTreeSet<i64>,
    approvals: BTreeSet<String>,
    lists: usize,
    names: usize,
    calls: usize,
}

impl Made {
    fn and(mut self, other: Self) -> Self {
        self.partners.extend(other.partners);
        self.approvals.extend(other.approvals);
        Self {
            lists: self.lists + other.lists,
            names: self.names + other.names,
            calls: self.calls + other.calls,
            ..self
        }
    }
}

/// One worker of somebody, with what the calls need to know.
struct Worker<'a> {
    me: &'a Somebody,
    other: &'a Somebody,
    door: Person,
    mark: &'a str,
    product: i64,
    /// Drafts and etags by whose they are: anna's, bert's.
    drafts: &'a [Mutex<String>; 2],
    etags: &'a [Mutex<String>; 2],
    number: usize,
    made: Made,
}

/// Cheap calls first; those behind them ask Odoo.
const CHEAP: usize = 14;
const ALL: usize = 23;

impl Worker<'_> {
    fn work(mut self, calls: usize, worker: usize, is_slow: bool) -> Made {
        let mut dice = Dice(SEED + (self.number * 100 + worker) as u64);
        for turn in 0..calls {
            // A real server is asked in one call of ten, which is every kind often enough.
            let asks_odoo = if is_slow { dice.below(10) == 0 } else { dice.below(3) == 0 };
            let kind = if asks_odoo { CHEAP + dice.below(ALL - CHEAP) } else { dice.below(CHEAP) };
            self.one(kind, turn);
            self.made.calls += 1;
        }
        self.made
    }

    #[track_caller]
    fn call(&self, tool: &str, arguments: Value) -> Result<Value, Value> {
        // Both use the same token for progress, and all the same ids of requests.
        let parameters = json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": "one"}});
        let response = self.door.request("tools/call", &parameters);
        self.me.holds_nothing_of(self.other, tool, &response);
        Answer::read(&response).into_result()
    }

    #[track_caller]
    fn ok(&self, tool: &str, arguments: Value) -> Value {
        self.call(tool, arguments).unwrap_or_else(|error| panic!("{}: {tool}: {error}", self.me.name))
    }

    #[track_caller]
    fn refused(&self, tool: &str, arguments: Value, code: &str) {
        let error = self.call(tool, arguments).expect_err(tool);
        assert_eq!(error["code"], code, "{tool}: {error}");
    }

    #[track_caller]
    fn asked(&self, method: &str, parameters: Value) -> Value {
        let answer = self.door.request(method, &parameters);
        self.me.holds_nothing_of(self.other, method, &answer);
        answer
    }

    fn one(&mut self, kind: usize, turn: usize) {
        let (me, other) = (self.me, self.other);
        match kind {
            0 => {
                let text = format!("{} {turn}", me.canary);
                let written = self.ok("memory_write", json!({"filename": "diary", "content": text}));
                *self.etags[self.number].lock().expect("a lock") =
                    written["etag"].as_str().expect("an etag").to_owned();
            }
            1 => {
                let note = self.ok("memory_read", json!({"filename": "diary"}));
                assert!(note["content"].as_str().is_some_and(|text| text.starts_with(&me.canary)), "{note}");
                assert_eq!((&note["author"], &note["scope"]), (&json!(me.name), &json!("personal")));
            }
            2 => {
                let them = self.ok("who_am_i", json!({}));
                assert_eq!((&them["user"], &them["grant"]), (&json!(me.name), &json!("office")), "{them}");
                assert_eq!(them["active_details"]["alias"], "desk", "{them}");
            }
            3 => match self.call("user_connection_list", json!({})) {
                Ok(list) => {
                    assert_eq!(list["connections"].as_array().map(Vec::len), Some(2), "{list}");
                    self.made.lists += 1;
                }
                Err(error) => assert_eq!(error["rule"], "/tools/user_connection_list/limits/0", "{error}"),
            },
            4 => match self.call("identify", json!({"name": other.name})) {
                Ok(them) => {
                    assert_eq!(them["user"], me.name, "{them}");
                    self.made.names += 1;
                }
                Err(error) => assert_eq!(error["rule"], "/tools/identify/limits/0", "{error}"),
            },
            5 => {
                let found = self.ok("memory_list", json!({"query": "canary"}));
                assert_eq!(found["personal"].as_array().map(Vec::len), Some(1), "{found}");
            }
            6 => {
                let list = self.asked("resources/list", json!({}));
                assert!(list.to_string().contains(&format!("{}.csv", me.canary)), "{list}");
            }
            7 => {
                let theirs = json!({"uri": format!("odoo-mcp://files/{}.csv", other.canary)});
                let answer = self.door.request("resources/read", &theirs);
                assert!(answer.get("error").is_some(), "{answer}");
            }
            8 => {
                for uri in ["odoo-mcp://files/same.csv", "memory://personal/diary.md"] {
                    let answer = self.asked("resources/read", json!({"uri": uri}));
                    assert!(
                        answer["result"]["contents"][0]["text"].to_string().contains(&me.canary),
                        "{answer}"
                    );
                }
            }
            9 => {
                let theirs = self.etags[1 - self.number].lock().expect("a lock").clone();
                let mine = format!("{} {turn}", me.canary);
                let change = json!({"filename": "diary", "content": mine, "if_match": theirs});
                self.refused("memory_write", change, "conflict");
            }
            10 => {
                let error = self
                    .door
                    .call("odoo_search_count", json!({"model": "res.partner", "connection": other.canary}));
                assert_eq!(error.expect_err("an alias of somebody else")["code"], "unknown_connection");
            }
            11 => {
                let reference = json!({"type": "ref/resource", "uri": "odoo://{connection}/{model}/{id}"});
                let argument = json!({"name": "connection", "value": ""});
                let answer =
                    self.asked("completion/complete", json!({"ref": reference, "argument": argument}));
                assert!(answer["result"]["completion"]["values"].is_array(), "{answer}");
            }
            12 => {
                let answer = self.asked("prompts/list", json!({}));
                assert!(answer["result"]["prompts"].is_array(), "{answer}");
            }
            13 => {
                let answer = self.asked("resources/subscribe", json!({"uri": "memory://personal/diary.md"}));
                assert!(answer.get("error").is_some(), "nobody is told of files: {answer}");
            }
            14 => {
                let theirs = self.drafts[1 - self.number].lock().expect("a lock").clone();
                let draft = draft_of(self.product, Some(theirs), None);
                self.refused("odoo_translate_context_aware", draft, "not_found");
            }
            15 => {
                let mine = draft_of(self.product, None, Some(&me.canary));
                let draft = self.ok("odoo_translate_context_aware", mine);
                let id = draft["proposal_id"].as_str().expect("an id").to_owned();
                self.drafts[self.number].lock().expect("a lock").clone_from(&id);
                let draft = self.ok("odoo_translate_context_aware", draft_of(self.product, Some(id), None));
                assert!(draft["items"].to_string().contains(&me.canary), "{draft}");
            }
            16 | 17 => {
                let tool = if kind == 16 { "odoo_execute" } else { "odoo_web_call" };
                let context = self.ok(tool, json!({"model": "res.users", "method": "context_get"}));
                assert_eq!(context["result"]["tz"], me.time_zone, "{tool}: {context}");
            }
            18 | 19 => {
                let tool = if kind == 18 { "odoo_search_read" } else { "odoo_web_read" };
                let found = self.ok(
                    tool,
                    json!({"model": "res.partner", "fields": ["name"], "domain": [["id", "in", [me.own.id, other.own.id]]]}),
                );
                let records = found["records"].as_array().expect("records");
                assert_eq!((records.len(), &records[0]["id"]), (1, &json!(me.own.id)), "{tool}: {found}");
            }
            20 => {
                let values = json!({"name": format!("{} made", me.canary)});
                let made = self.ok("odoo_create", json!({"model": "res.partner", "values": values}));
                self.made.partners.extend(made["created_ids"][0].as_i64());
            }
            21 => {
                let gone = json!({"model": "res.partner", "ids": [me.own.id]});
                let error = self.call("odoo_unlink", gone).expect_err("a person is asked");
                assert_eq!(error["code"], "needs_approval", "{error}");
                self.made.approvals.extend(error["approval"].as_str().map(str::to_owned));
            }
            _ => {
                let export = json!({"model": "res.partner", "fields": ["name"],
                    "domain": [["name", "like", self.mark]]});
                let file = self.ok("public_access_export_csv", export);
                let text =
                    STANDARD.decode(file["content_base64"].as_str().expect("content")).expect("base64");
                let text = String::from_utf8(text).expect("text");
                assert!(text.contains(&me.canary) && !text.contains(&other.canary), "{text}");
            }
        }
    }
}

fn draft_of(product: i64, proposal: Option<String>, text: Option<&str>) -> Value {
    let mut arguments = json!({"model": "product.template", "ids": [product], "field_names": ["name"], "target_lang": "fr_FR"});
    if let Some(proposal) = proposal {
        arguments["proposal_id"] = proposal.into();
    }
    if let Some(text) = text {
        arguments["items"] = json!([{"id": product, "field": "name", "text": text}]);
    }
    arguments
}

pub(super) fn a_thousand_mixed_calls_never_cross_over(world: &World) {
    let pair = Pair::open(world, &world.odoo.url);
    let product = translations::product(world);
    let (drafts, etags) = <([Mutex<String>; 2], [Mutex<String>; 2])>::default();
    for (number, me) in pair.both.iter().enumerate() {
        let person = &me.person;
        person.ok("odoo_web_login", json!({}));
        let mine = json!([["id", "=", me.own.id]]);
        for path in ["same.csv".to_owned(), format!("{}.csv", me.canary)] {
            let file = json!({"model": "res.partner", "fields": ["name"], "domain": mine, "save_path": path});
            assert_eq!(person.ok("public_access_export_csv", file)["path"], path);
        }
        let draft = person.ok("odoo_translate_context_aware", draft_of(product.id, None, Some(&me.canary)));
        *drafts[number].lock().expect("a lock") = draft["proposal_id"].as_str().expect("an id").to_owned();
        let note = person.ok("memory_write", json!({"filename": "diary", "content": me.canary}));
        *etags[number].lock().expect("a lock") = note["etag"].as_str().expect("an etag").to_owned();
    }
    let started = Instant::now();
    let made: [Made; 2] = thread::scope(|scope| {
        let workers = [0, 1].map(|number| {
            let (me, other) = (&pair.both[number], &pair.both[1 - number]);
            let workers: Vec<_> = (0..WORKERS_EACH)
                .map(|worker| {
                    // Half of them in sessions of their own, half in the revision without any.
                    let door = if worker % 2 == 0 {
                        Person::new(pair.door.authority(), &me.token)
                    } else {
                        me.person.sessionless()
                    };
                    let (drafts, etags, mark) = (&drafts, &etags, pair.mark.as_str());
                    let made = Made::default();
                    let product = product.id;
                    let worker_of = Worker { me, other, door, mark, product, drafts, etags, number, made };
                    scope.spawn(move || worker_of.work(CALLS / 2 / WORKERS_EACH, worker, world.is_real))
                })
                .collect();
            workers
        });
        workers.map(|of_one| {
            let all = of_one.into_iter().map(|worker| worker.join().expect("all calls answered rightly"));
            all.fold(Made::default(), Made::and)
        })
    });
    eprintln!("{} mixed calls took {:?}", made[0].calls + made[1].calls, started.elapsed());
    assert_eq!(made[0].calls + made[1].calls, CALLS);
    let oracle = world.oracle();
    for (number, me) in pair.both.iter().enumerate() {
        assert!(!made[number].partners.is_empty() && !made[number].approvals.is_empty(), "nothing was mixed");
        for id in &made[number].partners {
            let record = world.adopt("res.partner", *id);
            assert_eq!(oracle.field("res.partner", record.id, "create_uid")[0], me.uid, "of {}", me.name);
        }
        // The counter of each user is full to the brim, and not by calls of the other.
        assert_eq!(made[number].lists, LISTS_MAX, "{}", me.name);
        assert!(oracle.exists("res.partner", me.own.id), "nobody agreed to that");
    }
    assert_eq!(made[0].names + made[1].names, NAMES_MAX, "one grant, one counter");
    assert!(
        made[0].approvals.is_disjoint(&made[1].approvals),
        "a question of one is no question of the other"
    );
    the_log_names_the_right_one(&pair);
}

/// Each line of the log that holds a canary is a line of its owner.
fn the_log_names_the_right_one(pair: &Pair) {
    let files = pair.door.state_files();
    let (_, log) = files.iter().find(|(path, _)| path.ends_with("audit.jsonl")).expect("a log");
    let log = String::from_utf8_lossy(log);
    for (me, other) in [(&pair.both[0], &pair.both[1]), (&pair.both[1], &pair.both[0])] {
        let mut lines = 0;
        for line in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            if line["event"] == "open" && line["caller"]["user"] == me.name {
                lines += 1;
                // Named is what somebody asked for and did not get: an alias, and a file.
                let tool = line["tool"].as_str().unwrap_or_default();
                let may_name = tool == "odoo_search_count" || tool.contains("file");
                assert!(may_name || !line.to_string().contains(&other.canary), "{line}");
            }
        }
        assert!(lines >= CALLS / 4, "{lines} calls of {}", me.name);
    }
    let said = pair.door.everything_said();
    for me in &pair.both {
        assert!(!said.contains(&me.password) && !said.contains(&me.token), "a secret was told");
        for (path, bytes) in &files {
            let text = String::from_utf8_lossy(bytes);
            assert!(!text.contains(&me.password) && !text.contains(&me.token), "{}", path.display());
        }
    }
}
