//! The child as the product has it in `pinnace render-child`, for tests that have no product.

fn main() -> std::process::ExitCode {
    render::engine::become_engine()
}
