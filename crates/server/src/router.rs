//! Every address, in one list, each with the permission that it needs: what is not here does not exist.

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::routing::{self, MethodRouter};
use axum::{Router, middleware};

use crate::app::App;
use crate::guard::guard;
use crate::permission::Permission::{self, Public, Read, Sender, SignedIn, Slack};
use crate::{api, assets, hooks, live, metrics, pages, probes, secure_headers, sign_in, slack};

/// Forms and API calls are small; what is larger by right reads its body itself.
const LARGEST_FORM: usize = 64 * 1024;

/// One address. It can't be made without a permission.
pub(crate) struct Route {
    /// How it is called: tests walk over the list.
    #[cfg_attr(not(test), expect(dead_code, reason = "the handler was made for it; the list says it"))]
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
        // Builds come in, and clicks.
        post("/hooks/build/{project}", Sender, hooks::build),
        post("/hooks/push", Sender, hooks::push),
        post("/chat/slack", Slack, slack::clicked),
        // People look.
        get("/", Read, pages::overview::show),
        get("/i/{project}/{environment}", Read, pages::instance::show),
        get("/i/{project}/{environment}/{name}", Read, pages::instance::show),
        get("/pins/{number}", Read, pages::pin::show),
        get("/fleets", Read, pages::fleet::list),
        get("/fleets/{number}", Read, pages::fleet::show),
        get("/builds", Read, pages::builds::show),
        get("/activity", Read, pages::activity::show),
        get("/live", Read, live::stream),
        // People act.
        post("/pins/{number}/{verb}", SignedIn, pages::act::on_pin),
        post("/fleets/{number}/{verb}", SignedIn, pages::act::on_fleet),
        post("/instances/{verb}", SignedIn, pages::act::on_instance),
        // The buttons of a demo; elsewhere there is nothing behind them.
        post("/demo/{button}", SignedIn, pages::demo::press),
        // People sign in.
        get("/sign-in", Public, sign_in::explain),
        post("/sign-in", Public, sign_in::use_link),
        get("/sign-in/{token}", Public, sign_in::offer),
        post("/sign-out", SignedIn, sign_in::sign_out),
        // Programs do the same.
        post("/api/v1/sessions", Public, api::sign_in),
        get("/api/v1/session", SignedIn, api::who),
        post("/api/v1/sign-out", SignedIn, api::sign_out),
        get("/api/v1/overview", Read, api::overview),
        get("/api/v1/instances", Read, api::instances),
        get("/api/v1/instances/{project}/{environment}", Read, api::instance),
        get("/api/v1/instances/{project}/{environment}/{name}", Read, api::instance),
        get("/api/v1/drift", Read, api::drift),
        get("/api/v1/render", Read, api::plan::render),
        get("/api/v1/diff", Read, api::plan::diff),
        get("/api/v1/plan", Read, api::plan::plan),
        get("/api/v1/adoption", Read, api::plan::adoption),
        get("/api/v1/pruned", Read, api::pruned),
        get("/api/v1/pins", Read, api::pins),
        get("/api/v1/pins/{number}", Read, api::pin),
        get("/api/v1/fleets", Read, api::fleets),
        get("/api/v1/fleets/{number}", Read, api::fleet),
        get("/api/v1/builds", Read, api::builds),
        post("/api/v1/pins/{number}/{verb}", SignedIn, api::on_pin),
        post("/api/v1/fleets/{number}/{verb}", SignedIn, api::on_fleet),
        post("/api/v1/instances/{verb}", SignedIn, api::on_instance),
        post("/api/v1/plans", SignedIn, api::plan::save),
        post("/api/v1/repo/accept-rewrite", SignedIn, api::accept_rewrite),
        get("/api/{*rest}", Public, api::nothing_here),
        // The page's own files, and probes.
        get("/assets/{file}", Public, assets::show),
        get("/healthz", Public, probes::alive),
        get("/readyz", Public, probes::ready),
    ]
}

/// What the metrics listener serves, and nothing else does.
pub(crate) fn metrics_routes() -> Vec<Route> {
    vec![
        get("/metrics", Permission::Metrics, metrics::show),
        get("/healthz", Public, probes::alive),
        get("/readyz", Public, probes::ready),
    ]
}

/// A list as a service.
pub(crate) fn build(app: &App, routes: Vec<Route>) -> Router {
    let mut router = Router::new();
    for route in routes {
        let guard = middleware::from_fn_with_state((app.clone(), route.permission), guard);
        router = router.route(route.path, route.handler.layer(guard));
    }
    let router = router.layer(DefaultBodyLimit::max(LARGEST_FORM));
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
