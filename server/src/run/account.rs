//! What the stores say of themselves, and what is known of their radio: written now and then, read at the start.

use std::sync::Arc;

use engine::core::Input;
use locate::calibrate::Source;
use model::ids::StoreId;

use super::owner::Owner;

impl Owner {
    /// Writes what the stores say of themselves.
    pub(super) async fn keep_account(&mut self) {
        self.keep_qualities().await;
        self.keep_learnt_radio().await;
    }

    /// Writes how well people were placed; what can't be written now waits for the next time.
    async fn keep_qualities(&mut self) {
        for (store, more) in self.core.take_quality() {
            self.qualities.entry(store).or_default().merge(&more);
        }
        for (store, quality) in std::mem::take(&mut self.qualities) {
            if let Err(cause) = self.store.add_quality(&store, &quality, self.clock.now()).await {
                tracing::warn!(%cause, %store, "could not write how well people were placed");
                self.qualities.insert(store, quality);
            }
        }
    }

    /// Writes what the stores learnt of their radio; what can't be written now waits for the next time.
    async fn keep_learnt_radio(&mut self) {
        self.learnt.extend(self.core.take_learnt_radio());
        for (store, learnt) in std::mem::take(&mut self.learnt) {
            if let Err(cause) = self.store.put_calibration(&store, &learnt, self.clock.now()).await {
                tracing::warn!(%cause, %store, "could not write what was learnt of the radio");
                self.learnt.insert(store, learnt);
            }
        }
    }

    /// Tells the core what is known of a store's radio: its survey, and what it learnt by itself before.
    pub(super) async fn recall_radio(&mut self, store: &StoreId) -> crate::store::Result<()> {
        self.recall_radio_of(store, &[Source::Survey, Source::Traffic]).await
    }

    async fn recall_radio_of(&mut self, store: &StoreId, sources: &[Source]) -> crate::store::Result<()> {
        let known = match self.store.calibrations(store).await {
            Ok(known) => known,
            Err(cause @ crate::store::Error::Corrupt { .. }) => {
                tracing::error!(%cause, %store, "what is known of the radio can't be read; the plan alone counts");
                return Ok(());
            }
            Err(cause) => return Err(cause),
        };
        for calibration in known.into_iter().filter(|one| sources.contains(&one.source)) {
            let source = calibration.source.name();
            if calibration.source == Source::Survey {
                self.places.put_survey(store, calibration.receivers.keys());
            }
            self.core.handle(Input::Calibration { store: store.clone(), calibration: Arc::new(calibration) }, self.now);
            tracing::info!(%store, source, "what is known of the radio taken over");
        }
        Ok(())
    }

    /// Notes which surveys there are; says which stores have one that is not in force yet.
    pub(super) async fn check_surveys(&mut self) -> crate::store::Result<Vec<StoreId>> {
        let times = self.store.calibration_times().await?.into_iter();
        let surveys = times.filter(|(_, source, _)| *source == Source::Survey).map(|(store, _, at)| (store, at));
        let old = std::mem::replace(&mut self.surveys, surveys.collect());
        let fresh = self.surveys.iter().filter(|(store, at)| old.get(*store) != Some(at));
        Ok(fresh.map(|(store, _)| store.clone()).collect())
    }

    /// Takes new surveys over and says how many. One that was forgotten counts until the next start: what it taught can't be unlearnt.
    pub(super) async fn take_surveys(&mut self) -> crate::store::Result<usize> {
        let fresh = self.check_surveys().await?;
        for store in &fresh {
            // What the store learns by itself is newer in memory than in the database.
            if let Err(cause) = self.recall_radio_of(store, &[Source::Survey]).await {
                // It is new again the next time.
                self.surveys.remove(store);
                return Err(cause);
            }
        }
        self.drain();
        Ok(fresh.len())
    }
}
