//! What the service answers to: one route for each thing that is done with a pool.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;

use crate::desk::Desk;

/// The pools by name, each until it is done with.
#[derive(Clone)]
pub(crate) struct Desks(Arc<Mutex<BTreeMap<&'static str, Arc<Desk>>>>);

impl Desks {
    pub(crate) fn new<const N: usize>(desks: [(&'static str, Desk); N]) -> Self {
        let desks = desks.map(|(name, desk)| (name, Arc::new(desk)));
        Self(Arc::new(Mutex::new(BTreeMap::from(desks))))
    }

    fn of(&self, name: &str) -> Result<Arc<Desk>, StatusCode> {
        let desks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        desks.get(name).cloned().ok_or(StatusCode::NOT_FOUND)
    }

    fn end(&self, name: &str) -> Result<(), StatusCode> {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        ended.map(drop).ok_or(StatusCode::NOT_FOUND)
    }
}

pub(crate) fn router(desks: Desks) -> Router {
    Router::new()
        .route("/{pool}/hold/{n}", post(hold))
        .route("/{pool}/want/{n}", post(want))
        .route("/{pool}/leave", post(leave))
        .route("/{pool}/free", post(free))
        .route("/{pool}/end", post(end))
        .with_state(desks)
}

type Answer = Result<(), (StatusCode, String)>;

fn unknown(status: StatusCode) -> (StatusCode, String) {
    (status, "there is no such pool\n".to_owned())
}

async fn hold(State(desks): State<Desks>, Path((pool, n)): Path<(String, usize)>) -> Answer {
    let held = desks.of(&pool).map_err(unknown)?.hold(n).await;
    held.map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")))
}

async fn want(State(desks): State<Desks>, Path((pool, n)): Path<(String, usize)>) -> Answer {
    desks.of(&pool).map_err(unknown)?.want(n).await;
    Ok(())
}

async fn leave(State(desks): State<Desks>, Path(pool): Path<String>) -> Answer {
    desks.of(&pool).map_err(unknown)?.leave().await;
    Ok(())
}

async fn free(State(desks): State<Desks>, Path(pool): Path<String>) -> Answer {
    desks.of(&pool).map_err(unknown)?.free();
    Ok(())
}

async fn end(State(desks): State<Desks>, Path(pool): Path<String>) -> Answer {
    desks.end(&pool).map_err(unknown)
}
