//! Every address, in one list, each with the permission that it needs: what is not here does not exist.

use axum::handler::Handler;
use axum::routing::{self, MethodRouter};
use axum::{Router, middleware};

use crate::app::App;
use crate::guard::guard;
use crate::permission::Permission::{self, Public, Read, Sender, SignedIn};
use crate::{assets, hooks, pages, probes, secure_headers, sign_in};

/// One address. It can't be made without a permission.
pub(crate) struct Route {
    /// How it is called.
    pub method: http::Method,
    /// Where.
    pub path: &'static str,
    /// Who may.
    pub permission: Permission,
    handler: MethodRouter<App>,
}

/// The list.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        // Builds come in.
        post("/hooks/build/{project}", Sender, hooks::build),
        // People look.
        get("/", Read, pages::overview::show),
        get("/i/{project}/{environment}", Read, pages::instance::show),
        get("/i/{project}/{environment}/{name}", Read, pages::instance::show),
        get("/pins/{number}", Read, pages::pin::show),
        // People act.
        post("/pins/{number}/{verb}", SignedIn, pages::act::on_pin),
        post("/instances/{verb}", SignedIn, pages::act::on_instance),
        // The buttons of a demo; elsewhere there is nothing behind them.
        post("/demo/{button}", SignedIn, pages::demo::press),
        // People sign in.
        get("/sign-in", Public, sign_in::explain),
        post("/sign-in", Public, sign_in::use_link),
        get("/sign-in/{token}", Public, sign_in::offer),
        post("/sign-out", SignedIn, sign_in::sign_out),
        // The page's own files, and probes.
        get("/assets/{file}", Public, assets::show),
        get("/healthz", Public, probes::alive),
        get("/readyz", Public, probes::ready),
    ]
}

/// The list as a service.
pub(crate) fn build(app: &App) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let guard = middleware::from_fn_with_state((app.clone(), route.permission), guard);
        router = router.route(route.path, route.handler.layer(guard));
    }
    let nowhere = middleware::from_fn_with_state((app.clone(), Public), guard);
    let nothing = Router::new().fallback(pages::nothing_here).layer(nowhere).with_state(app.clone());
    router.with_state(app.clone()).fallback_service(nothing).layer(middleware::map_response(secure_headers::add))
}

fn get<H, T>(path: &'static str, permission: Permission, handler: H) -> Route
where
    H: Handler<T, App>,
    T: 'static,
{
    Route { method: http::Method::GET, path, permission, handler: routing::get(handler) }
}

fn post<H, T>(path: &'static str, permission: Permission, handler: H) -> Route
where
    H: Handler<T, App>,
    T: 'static,
{
    Route { method: http::Method::POST, path, permission, handler: routing::post(handler) }
}
