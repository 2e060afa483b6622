//! Lists that take many steps to read.

use usher::proto::v1::{self, TextMatch};

use super::test_server::{Store, TestServer, entry, message};

const USERS: usize = 2_600;

async fn server() -> TestServer {
    let server = TestServer::start(Store::Sqlite).await;
    let user = |no: usize| {
        let mut entry = entry(&format!("user{no:04}@demo.example"), &["primary"]);
        let user = entry.user.as_mut().unwrap();
        user.family_name = format!("Müller {}", (no * 31) % USERS);
        if no.is_multiple_of(1_000) {
            user.attributes.insert("city".into(), "Zürich".into());
        }
        entry
    };
    server.sync(message((0..USERS).map(user).collect())).await.unwrap();
    server
}

fn ids(page: &v1::ListUsersResponse) -> Vec<&str> {
    page.users.iter().map(|user| user.user_id.as_str()).collect()
}

async fn all(server: &TestServer, request: v1::ListUsersRequest) -> Vec<String> {
    let mut all = Vec::new();
    let page_size = if request.page_size == 0 { 700 } else { request.page_size };
    let mut request = v1::ListUsersRequest { page_size, ..request };
    loop {
        let page = server.list(request.clone()).await;
        all.extend(page.users.into_iter().map(|user| user.user_id));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return all;
        }
    }
}

#[tokio::test]
async fn every_order_has_every_user_once() {
    let server = server().await;
    for order in ["user_id", "user_id desc", "name", "name desc", "last_sign_in", "last_sign_in desc"] {
        let listed = all(&server, v1::ListUsersRequest { order_by: order.into(), ..Default::default() }).await;
        let mut sorted = listed.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!((listed.len(), sorted.len()), (USERS + 8, USERS + 8), "{order}");
        match order {
            "user_id" => assert_eq!(listed, sorted),
            "user_id desc" => assert!(listed.iter().rev().eq(&sorted)),
            _ => {}
        }
    }
}

#[tokio::test]
async fn words_are_found_with_and_without_accents() {
    let server = server().await;
    let found = async |text: &str, any: TextMatch| {
        all(&server, v1::ListUsersRequest { text: text.into(), text_match: any.into(), ..Default::default() }).await
    };
    let zurich = ["user0000@demo.example", "user1000@demo.example", "user2000@demo.example"];
    assert_eq!(found("ZURICH", TextMatch::All).await, zurich, "in an attribute");
    assert_eq!(found("zürich user1", TextMatch::All).await, [zurich[1]]);
    assert_eq!(found("zürich ann@", TextMatch::Any).await.len(), 4);
    assert_eq!(found("muller", TextMatch::All).await.len(), USERS);
    assert_eq!(found("nobody", TextMatch::All).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_latest_sign_in_comes_first() {
    let server = server().await;
    for user in ["user2599@demo.example", "user0003@demo.example", "ann@demo.example"] {
        let request = v1::CheckOutRequest {
            tenant_id: "demo".into(),
            pool_id: "primary".into(),
            user_id: user.into(),
            device_id: "laptop".into(),
            ..Default::default()
        };
        let answer = server.seats().check_out(request).await.unwrap().into_inner();
        assert!(matches!(answer.outcome, Some(v1::check_out_response::Outcome::Lease(_))), "{answer:?}");
    }
    let first = v1::ListUsersRequest { order_by: "last_sign_in desc".into(), page_size: 3, ..Default::default() };
    let page = server.list(first.clone()).await;
    let at = |user: &v1::User| user.last_sign_in_at.map(|at| (at.seconds, at.nanos)).expect("a sign-in");
    assert!(page.users.is_sorted_by(|a, b| at(a) >= at(b)), "in the same millisecond in any order: {:?}", page.users);
    let mut signed_in = ids(&page);
    signed_in.sort_unstable();
    assert_eq!(signed_in, ["ann@demo.example", "user0003@demo.example", "user2599@demo.example"]);
    let second = server.list(v1::ListUsersRequest { page_token: page.next_page_token, ..first }).await;
    assert!(second.users.iter().all(|user| user.last_sign_in_at.is_none()), "{:?}", ids(&second));
    let never = v1::ListUsersRequest { never_signed_in: true, text: "ann@".into(), ..Default::default() };
    assert_eq!(ids(&server.list(never).await), Vec::<&str>::new());
}

#[tokio::test]
async fn texts_come_alphabetically_and_pages_go_on_so() {
    let server = TestServer::start(Store::Sqlite).await;
    let person = |(name, family): (&str, &str)| {
        let mut entry = entry(&format!("{name}@demo.example"), &["primary"]);
        let user = entry.user.as_mut().unwrap();
        (user.family_name, user.groups) = (family.into(), vec!["sorted".into()]);
        entry
    };
    let people = [
        ("zoe", "Zoo"),
        ("Éva", "Éclair"),
        ("ädam", "Zürich"),
        ("bo", "Ängelholm"),
        ("ab", "angel"),
        ("ωmega", "Ωmega"),
        ("ac", "Ärger"),
    ];
    server.sync(message(people.map(person).into())).await.unwrap();
    for (order, expected) in [
        ("name", ["ab", "bo", "ac", "éva", "zoe", "ädam", "ωmega"]),
        ("user_id", ["ab", "ac", "ädam", "bo", "éva", "zoe", "ωmega"]),
    ] {
        let (forth, back) = (expected.to_vec(), expected.into_iter().rev().collect::<Vec<_>>());
        for (order_by, expected) in [(order.to_owned(), forth), (format!("{order} desc"), back)] {
            for page_size in [1, 2, 3, 100] {
                let request = v1::ListUsersRequest { group: "sorted".into(), page_size, ..Default::default() };
                let listed = all(&server, v1::ListUsersRequest { order_by: order_by.clone(), ..request }).await;
                let names: Vec<&str> = listed.iter().map(|id| id.trim_end_matches("@demo.example")).collect();
                assert_eq!(names, expected, "{order_by}, pages of {page_size}");
            }
        }
    }
}
