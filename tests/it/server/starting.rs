//! Calls that are answered before everything is loaded.

use usher::app::mount;
use usher::health::{NotReadyReason, Readiness};
use usher::proto::v1::CheckInRequest;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::server::StartupHandler;

use super::*;

#[tokio::test]
async fn while_it_starts_health_and_reflection_answer_and_everything_else_is_unavailable() {
    let limits = limits("");
    let methods = Arc::new(mount::methods());
    let readiness = Readiness::loading();
    let stats = Arc::new(Stats::new(Arc::clone(&methods)));
    let (early, guard) = (mount::early(&methods, &readiness), open_guard(&methods));
    let handler = CallHandler::new(early, Arc::clone(&methods), guard, Arc::clone(&stats), &limits);
    let startup_handler = Arc::new(StartupHandler::<_, HealthServer<Puppet>>::new(handler));
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address();
    let _server = Server::start(listener, Arc::clone(&startup_handler), &limits, stats);
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();

    let mut health = HealthClient::new(channel.clone());
    for service in ["", "usher.v1.SeatService", "grpc.health.v1.Health"] {
        let answer = health.check(health_check(service)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::NotServing, "{service}");
    }
    assert_eq!(health.check(health_check("nobody")).await.unwrap_err().code(), Code::NotFound);
    let mut watch = health.watch(health_check("")).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);

    let mut seats = SeatServiceClient::new(channel.clone());
    let status = seats.check_in(CheckInRequest::default()).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "LOADING"));
    assert!(status.get_details_retry_info().is_some());

    // A health watch reports only the change to SERVING, and nothing in between.
    readiness.set(NotReadyReason::StoreAway);
    readiness.clear(NotReadyReason::StoreAway);
    readiness.clear(NotReadyReason::Loading);
    assert_eq!(soon(watch.message()).await.unwrap().unwrap().status(), ServingStatus::Serving);
    // The status of an unknown service stays unknown, on a stream that stays open.
    let mut unknown = health.watch(health_check("nobody")).await.unwrap().into_inner();
    assert_eq!(unknown.message().await.unwrap().unwrap().status(), ServingStatus::ServiceUnknown);
}
