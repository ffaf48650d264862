//! What a request tells about the customer's side.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

/// The regions that are known. A field takes any text, but what comes from outside is better one of a few.
const REGIONS: [&str; 2] = ["cn-east", "us-west"];

/// Notes the customer's region on the whole request.
pub(crate) async fn note_region(request: Request, next: Next) -> Response {
    let told = request.headers().get("x-customer-region").and_then(|value| value.to_str().ok());
    if let Some(region) = REGIONS.into_iter().find(|region| told == Some(region)) {
        obs::current().set("customer_region", region);
    }
    next.run(request).await
}
