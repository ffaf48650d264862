//! The next service, as the gateway sees it.

use std::error::Error;
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use obs::reqwest::SendThrough;
use reqwest::{Client, RequestBuilder, Url};
use serde::{Deserialize, Serialize};
use shop::Refusal;

/// How long an order may take: longer than orders waits for its payment, so that it is orders that gives up first.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a customer asks for.
#[derive(Deserialize, Serialize)]
pub(crate) struct Order {
    pub(crate) user: String,
    item: String,
    quantity: u32,
}

/// Calls orders. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Orders {
    http: Client,
    layer: obs::ClientLayer,
    orders: Url,
}

impl Orders {
    pub(crate) fn new(url: &Url, layer: obs::ClientLayer) -> Result<Self, reqwest::Error> {
        Ok(Self { http: shop::client(TIMEOUT)?, layer, orders: shop::under(url, "/v1/orders") })
    }

    pub(crate) async fn place(&self, order: &Order) -> Result<Response, Refusal> {
        self.ask(self.http.post(self.orders.clone()).json(order), "/v1/orders").await
    }

    pub(crate) async fn find(&self, id: u64) -> Result<Response, Refusal> {
        let url = format!("{}/{id}", self.orders);
        self.ask(self.http.get(url), "/v1/orders/{id}").await
    }

    /// What orders answers, as the customer's answer.
    async fn ask(&self, request: RequestBuilder, route: &str) -> Result<Response, Refusal> {
        self.answer(request, route).await.map_err(|error| {
            tracing::error!(error = &error as &dyn Error, "orders cannot be reached");
            Refusal::new(StatusCode::BAD_GATEWAY, "orders cannot be reached")
        })
    }

    async fn answer(&self, request: RequestBuilder, route: &str) -> Result<Response, reqwest::Error> {
        let answer = request.send_through(&self.layer, route).await?;
        let (status, content_type) = (answer.status(), answer.headers().get(CONTENT_TYPE).cloned());
        let mut response = (status, answer.bytes().await?).into_response();
        if let Some(content_type) = content_type {
            response.headers_mut().insert(CONTENT_TYPE, content_type);
        }
        Ok(response)
    }
}
