//! Files over the web session: contents by address, and the form that browsers attach files with.

use odoo_mcp::sandbox::{Sandbox, SandboxVersion};
use serde_json::{Value, json};

use super::{block_on, call, client, post, start};

const CONTENT: &[u8] = b"first line\r\n--not the boundary\r\n\x00\xff last";

async fn session(sandbox: &Sandbox) -> String {
    let login = json!({"params": {
        "db": sandbox.database(), "login": sandbox.login(), "password": sandbox.password(),
    }});
    let answer = post(sandbox, "/web/session/authenticate", &login).await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

async fn get(sandbox: &Sandbox, path: &str, cookie: Option<&str>) -> (u16, String, Vec<u8>) {
    let mut request = client().get(format!("{}{path}", sandbox.url()));
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let answer = request.send().await.unwrap();
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    (answer.status().as_u16(), kind.unwrap_or_default(), answer.bytes().await.unwrap().to_vec())
}

async fn attach(sandbox: &Sandbox, cookie: Option<&str>, token: &str) -> (u16, String) {
    let mut body = Vec::new();
    for (name, value) in [("csrf_token", token), ("model", "res.partner"), ("id", "10")] {
        let part = format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    let head = "--edge\r\nContent-Disposition: form-data; name=\"ufile\"; filename=\"a b.bin\"\r\n\
                Content-Type: application/octet-stream\r\n\r\n";
    body.extend(head.as_bytes());
    body.extend(CONTENT);
    body.extend(b"\r\n--edge--\r\n");
    let mut request = client()
        .post(format!("{}/web/binary/upload_attachment", sandbox.url()))
        .header("content-type", "multipart/form-data; boundary=edge")
        .body(body);
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[test]
fn a_form_attaches_a_file_with_a_session_and_its_token_only() {
    for version in [SandboxVersion::V14, SandboxVersion::V19] {
        block_on(async {
            let sandbox = start(version).await;
            let cookie = session(&sandbox).await;
            let (_, _, page) = get(&sandbox, "/web", Some(&cookie)).await;
            let page = String::from_utf8(page).unwrap();
            let (_, rest) = page.split_once("csrf_token: \"").unwrap();
            let (token, _) = rest.split_once('"').unwrap();

            assert_eq!(attach(&sandbox, Some(&cookie), "wrong").await.0, 400);
            assert!((300..400).contains(&attach(&sandbox, None, token).await.0));
            let (status, answer) = attach(&sandbox, Some(&cookie), token).await;
            assert_eq!(status, 200, "{answer}");
            let answer: Value = serde_json::from_str(&answer).unwrap();
            assert_eq!(
                (&answer[0]["filename"], &answer[0]["size"]),
                (&json!("a b.bin"), &json!(CONTENT.len()))
            );

            let id = answer[0]["id"].as_i64().unwrap();
            let read =
                call(&sandbox, "ir.attachment", "read", json!([[id], ["res_id", "checksum", "mimetype"]]));
            let row = read.await.unwrap()["result"][0].clone();
            assert_eq!((&row["res_id"], &row["mimetype"]), (&json!(10), &json!("application/octet-stream")));
            assert_eq!(row["checksum"].as_str().unwrap().len(), 40);
            let path = format!("/web/content/{id}?download=true");
            let (status, kind, bytes) = get(&sandbox, &path, Some(&cookie)).await;
            assert_eq!((status, kind.as_str()), (200, "application/octet-stream"));
            assert_eq!(bytes, CONTENT);
            assert_eq!(get(&sandbox, &path, None).await.0, 404);
        });
    }
}

#[test]
fn contents_are_there_for_who_may_see_them() {
    block_on(async {
        let sandbox = start(SandboxVersion::V19).await;
        let cookie = session(&sandbox).await;
        let text = |answer: (u16, String, Vec<u8>)| (answer.0, String::from_utf8(answer.2).unwrap());
        for path in [
            "/web/content/1",
            "/web/content/1-abc/any.txt",
            "/web/content/ir.attachment/1/datas",
            "/web/content?model=ir.attachment&id=1&field=datas",
        ] {
            assert_eq!(
                text(get(&sandbox, path, Some(&cookie)).await),
                (200, "Price list".to_owned()),
                "{path}"
            );
        }
        // The fifth file is public.
        assert_eq!(get(&sandbox, "/web/content/5", None).await.0, 200);
        for path in ["/web/content/999", "/web/content/x", "/web/content/ir.attachment/1/nothing"] {
            assert_eq!(get(&sandbox, path, Some(&cookie)).await.0, 404, "{path}");
        }
        let link = json!([{"name": "Link", "type": "url", "url": "https://example.com/x"}]);
        let made = call(&sandbox, "ir.attachment", "create", json!([link])).await.unwrap();
        let id = made["result"][0].as_i64().unwrap();
        assert_eq!(get(&sandbox, &format!("/web/content/{id}"), Some(&cookie)).await.0, 301);
    });
}
