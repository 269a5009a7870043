//! HTTP: hooks, chat callbacks, JSON API, the page.
