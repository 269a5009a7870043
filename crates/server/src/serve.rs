//! Listening, and stopping without cutting anybody off in the middle.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::Router;
use control::Control;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::app::App;
use crate::router as addresses;
use crate::settings::ServerSettings;

/// What is still being answered at a stop gets this long.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
#[error("failed to serve HTTP")]
pub struct ServeError(#[from] io::Error);

/// Serves until `stop` comes true; then takes nothing new, ends live streams, and lets what is being answered finish.
pub async fn serve(
    listener: TcpListener,
    control: Control,
    mut settings: ServerSettings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let (stopper, stopping) = watch::channel(false);
    let metrics_listener = settings.metrics_listener.take();
    let app = App::new(control, settings, stopping.clone());
    tokio::spawn(async move {
        stop.await;
        // Nobody listens any more when this fails.
        let _ = stopper.send(true);
    });
    let pages = addresses::build(&app, addresses::routes());
    let pages = axum::serve(listener, pages).with_graceful_shutdown(stopped(stopping.clone()));
    let metrics = async {
        match metrics_listener {
            Some(listener) => axum::serve(listener, addresses::build(&app, addresses::metrics_routes())).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        served = pages => Ok(served?),
        served = metrics => Ok(served?),
        () = too_long(stopping) => Ok(()),
    }
}

/// The addresses as a service, without a listener: for tests below the network.
pub fn router(control: Control, settings: ServerSettings) -> Router {
    // The sender is dropped: it never stops.
    let (_, stopping) = watch::channel(false);
    addresses::build(&App::new(control, settings, stopping), addresses::routes())
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone, which happens only after it sent.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

async fn too_long(stopping: watch::Receiver<bool>) {
    stopped(stopping).await;
    tokio::time::sleep(LAST_ANSWERS).await;
}
