//! What is sent, and what the client gets.

use tokio_stream::wrappers::UnboundedReceiverStream;

use super::fake::{Fate, at, node, owner};
use super::*;
use crate::auth::Principal;
use crate::ledger::access::{Roles, Tenants};
use crate::ledger::change::Actor;

fn refusing(routing: Routing) -> Vec<Play> {
    vec![Play::Refuse(usize::MAX, routing)]
}

#[tokio::test(start_paused = true)]
async fn a_call_is_sent_as_the_bytes_it_came_in_without_its_credential() {
    for path in [HEARTBEAT, CREATE_USER] {
        let stage = Stage::new(Fake::told(&[at(1)], &[Fate::Echo]), &refusing(NOT_APPLIED));
        let bytes: Vec<u8> = message(1_000).into_iter().enumerate().map(|(at, byte)| byte ^ (at > 4) as u8).collect();
        let mut request = request(path, &bytes);
        for (name, value) in [
            ("cookie", "secret"),
            ("grpc-timeout", "4S"),
            ("grpc-encoding", "identity"),
            ("x-request-id", "r-1"),
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"),
        ] {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let answer = Answer::of(stage.call(request).await).await;
        assert!(answer.body == bytes && answer.reason().is_empty(), "{answer:?}");
        let sent = stage.fake.sent.lock().unwrap();
        let [sent] = &**sent else { panic!("{sent:?}") };
        assert!(sent.body == bytes && sent.via == node(1) && sent.visited.is_empty());
        assert_eq!((sent.actor.as_str(), sent.deadline), ("anonymous", Duration::from_secs(4)));
        let mut names: Vec<_> = sent.headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-type", "grpc-encoding", "te", "traceparent", "x-request-id"]);
        assert_eq!((stage.stats.calls_now(), stage.stats.panics()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_first_bytes_name_a_tenant_of_another_node_is_not_begun_here() {
    for (path, tenant, begun) in [(HEARTBEAT, "there", 0), (HEARTBEAT, "here", 1), (CREATE_USER, "there", 1)] {
        let fake = Fake { elsewhere: Some("there"), ..Fake::told(&[at(1)], &[Fate::Echo]) };
        let stage = Stage::new(fake, &refusing(NOT_APPLIED));
        let bytes = about(tenant, 300);
        let answer = Answer::of(stage.call(request(path, &bytes)).await).await;
        assert!(answer.body == bytes && answer.reason().is_empty(), "{answer:?}");
        assert_eq!(stage.seats.calls().len() + stage.others.calls().len(), begun, "{path} about {tenant}");
        assert!(stage.fake.sent.lock().unwrap()[0].body == bytes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_begun_and_that_nobody_takes_is_refused_like_any_other() {
    for (make, marked) in [(Stage::new as fn(_, &[Play]) -> Stage, false), (Stage::for_peers, true)] {
        let stage = make(Fake { elsewhere: Some("there"), ..Fake::default() }, &[]);
        let mut request = request(HEARTBEAT, &about("there", 0));
        if marked {
            let principal = Principal::new(Actor("token:ann".into()), Roles::ALL, Tenants::All);
            request.extensions_mut().insert(Forwarded { principal: Arc::new(principal), visited: Vec::new() });
        }
        let answer = Answer::of(stage.call(request).await).await;
        assert_eq!(answer.is_marked(), marked);
        let info = answer.status().get_details_error_info().expect("a reason");
        assert_eq!(info.reason, "NOT_OWNER");
        assert!(stage.seats.calls().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_long_to_be_kept_is_refused_here_whoever_it_is_about() {
    let fake = Fake { elsewhere: Some("there"), ..Fake::told(&[at(1)], &[Fate::Echo]) };
    let stage = Stage::new(fake, &[]);
    let bytes = about("there", 65 * 1024);
    let answer = Answer::of(stage.call(request(HEARTBEAT, &bytes)).await).await;
    assert!(answer.body == bytes, "the service gets all of it, and says what is wrong");
    assert_eq!(stage.fake.sent(), 0);
}

#[test]
fn the_first_field_is_read_only_where_it_is_plain() {
    let of = |bytes: &[u8]| first_field(bytes).map(str::to_owned);
    assert_eq!(of(&about("acme", 0)).as_deref(), Some("acme"));
    assert_eq!(of(&about("acme", 9_000)).as_deref(), Some("acme"));
    assert_eq!(of(&about(&"a".repeat(127), 0)), Some("a".repeat(127)));
    assert_eq!(of(&about("", 0)).as_deref(), Some(""));
    let whole = about("acme", 0);
    let with = |at: usize, byte: u8| [&whole[..at], &[byte], &whole[at + 1..]].concat();
    for (what, bytes) in [
        ("compressed", with(0, 1)),
        ("another field", with(5, 2 << 3 | 2)),
        ("a number", with(5, 1 << 3)),
        ("a length of two bytes", with(6, 0x84)),
        ("longer than what has arrived", with(6, 5)),
        ("no text", with(7, 0xff)),
        ("nothing", Vec::new()),
        ("a part of it", whole[..8].to_vec()),
    ] {
        assert_eq!(of(&bytes), None, "{what}");
    }
}

/// The methods of which the server looks at the first bytes name their tenant there.
#[test]
fn requests_of_hot_methods_begin_with_the_tenant() {
    use prost::Message;
    let files = prost_types::FileDescriptorSet::decode(crate::proto::FILE_DESCRIPTOR_SET).unwrap().file;
    let methods = Methods::read(&[crate::proto::FILE_DESCRIPTOR_SET]).unwrap();
    let hot: Vec<_> = methods.all().iter().filter(|method| method.hot).collect();
    assert_eq!(hot.len(), 4);
    for method in hot {
        let request = format!("{}Request", method.name.rsplit('/').next().unwrap());
        let message = files.iter().flat_map(|file| &file.message_type).find(|message| message.name() == request);
        let field = message.expect("a request").field.iter().find(|field| field.number() == 1).expect("a first field");
        assert_eq!((field.name(), field.r#type()), ("tenant_id", prost_types::field_descriptor_proto::Type::String));
    }
}

#[test]
fn no_credential_is_among_the_headers_that_are_sent_on() {
    for name in [http::header::AUTHORIZATION, http::header::COOKIE, http::header::PROXY_AUTHORIZATION] {
        assert!(!SENT_ON.contains(&name), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_peers_a_call_is_refused_as_before_and_nothing_is_asked() {
    let fake = Fake { is_alone: true, ..Fake::told(&[at(1)], &[]) };
    let stage = Stage::new(fake, &refusing(NOT_APPLIED));
    assert_eq!(stage.answer(HEARTBEAT).await.reason(), "NOT_OWNER");
    assert_eq!(stage.answer(CREATE_USER).await.reason(), "NOT_OWNER");
    assert!(stage.fake.tried().is_empty());
}

#[tokio::test(start_paused = true)]
async fn after_two_refusals_the_shard_comes_here() {
    let locations = [at(1), at(2), Location::Here(owner(3))];
    let fates = [Fate::NotApplied, Fate::Refuse(NOT_APPLIED)];
    for path in [HEARTBEAT, CREATE_USER] {
        let stage = Stage::new(Fake::told(&locations, &fates), &refusing(NOT_APPLIED));
        let answer = stage.answer(path).await;
        assert!(answer.reason().is_empty() && answer.body == message(10), "{answer:?}");
        assert_eq!((stage.fake.tried(), stage.fake.sent()), (vec![None, Some(1), Some(2)], 2));
        let calls = if path == HEARTBEAT { stage.seats.calls() } else { stage.others.calls() };
        assert_eq!(calls, vec![(message(10), false); 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_without_a_lease_asks_the_owner() {
    let stage = Stage::new(Fake::told(&[Location::Here(owner(1)), at(2)], &[Fate::Echo]), &{
        [refusing(NO_LEASE), refusing(NO_LEASE)].concat()
    });
    assert!(stage.answer(CREATE_USER).await.reason().is_empty());
    assert_eq!(stage.fake.tried(), [None, Some(1)]);
}

#[tokio::test(start_paused = true)]
async fn an_upload_whose_first_message_is_refused_goes_on_elsewhere() {
    // Longer than what is kept of an upload after its first message.
    let first = message(200 * 1024);
    let stage = Stage::new(Fake::told(&[at(1)], &[Fate::Echo]), &[Play::Refuse(first.len(), NOT_APPLIED)]);
    let (send, frames) = tokio::sync::mpsc::unbounded_channel();
    let body = Body::new(StreamBody::new(UnboundedReceiverStream::new(frames)));
    send.send(Ok::<_, Status>(Frame::data(first.clone().into()))).unwrap();
    let answer = tokio::spawn(stage.call(request_of(SYNC_USERS, body)));
    while stage.fake.open() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(stage.others.calls() == [(first.clone(), false)]);
    let second = message(300 * 1024);
    send.send(Ok(Frame::data(second.clone().into()))).unwrap();
    drop(send);
    let answer = Answer::of(answer.await.unwrap()).await;
    assert!(answer.body == [first, second].concat() && answer.reason().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_upload_of_which_too_much_was_read_is_not_sent_elsewhere() {
    let bytes = [message(10), message(70 * 1024)].concat();
    let stage = Stage::new(Fake::told(&[at(1)], &[Fate::Echo]), &[Play::Refuse(bytes.len(), NOT_APPLIED)]);
    let answer = Answer::of(stage.call(request(SYNC_USERS, &bytes)).await).await;
    assert_eq!((answer.reason().as_str(), stage.fake.sent()), ("NOT_OWNER", 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_of_unknown_outcome_is_repeated_only_if_the_contract_says_so() {
    // It became unknown here, or at the peer, or on the way to it.
    let here = (refusing(UNKNOWN), vec![Fate::Echo]);
    let there = (refusing(NOT_APPLIED), vec![Fate::Refuse(UNKNOWN), Fate::Echo]);
    let between = (refusing(NOT_APPLIED), vec![Fate::Unknown, Fate::Echo]);
    for (plays, fates) in [here, there, between] {
        let stage = Stage::new(Fake::told(&[at(1), at(2)], &fates), &plays);
        assert!(stage.answer(HEARTBEAT).await.reason().is_empty());
        let sent = stage.fake.sent.lock().unwrap().pop().unwrap();
        assert!(sent.headers.contains_key(REPEATED), "its service may have a reason not to");
        drop(stage);
        for path in [CREATE_USER, SYNC_USERS] {
            let stage = Stage::new(Fake::told(&[at(1), at(2)], &fates), &plays);
            assert_eq!(stage.answer(path).await.reason(), "OUTCOME_UNKNOWN");
            assert_eq!(stage.fake.sent(), fates.len() - 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_unknown_once_stays_unknown_until_it_is_answered() {
    for fates in [vec![Fate::Unknown, Fate::NotApplied], vec![Fate::Refuse(UNKNOWN), Fate::Refuse(NO_LEASE)]] {
        let stage = Stage::new(Fake::told(&[at(1), at(2)], &fates), &refusing(NOT_APPLIED));
        assert_eq!(stage.answer(HEARTBEAT).await.reason(), "OUTCOME_UNKNOWN");
        assert_eq!(stage.fake.sent(), 2);
    }
    // A service here learns of it.
    let locations = [at(1), Location::Here(owner(2))];
    let stage = Stage::new(Fake::told(&locations, &[Fate::Unknown]), &refusing(NOT_APPLIED));
    assert!(stage.answer(HEARTBEAT).await.reason().is_empty());
    assert_eq!(stage.seats.calls(), [(message(10), false), (message(10), true)]);
}

#[tokio::test(start_paused = true)]
async fn a_forwarder_that_panics_costs_one_call() {
    let stage = Stage::new(Fake::told(&[at(1)], &[Fate::Panic]), &refusing(NOT_APPLIED));
    assert_eq!(stage.answer(HEARTBEAT).await.reason(), "INTERNAL");
    assert_eq!((stage.stats.panics(), stage.stats.calls_now(), stage.fake.open()), (1, 0, 0));
    assert!(stage.answer(HEARTBEAT).await.reason().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_peer_is_the_answer() {
    // A mark that does not say "elsewhere": the puppet refuses in words of its own.
    let stage = Stage::new(Fake::told(&[at(1)], &[Fate::Echo]), &refusing(NOT_APPLIED));
    let answer = stage.answer(CREATE_USER).await;
    assert_eq!(answer.status().code(), tonic::Code::Ok);
    let calls: Vec<_> = stage.stats.calls().map(|(name, code, count)| (name.to_owned(), code, count)).collect();
    assert_eq!(calls, [("usher.v1.DirectoryService/CreateUser".to_owned(), "OK", 1)], "one call, and not two");
}
