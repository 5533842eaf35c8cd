//! What to say, if anything: intent, gates, ranking and explanation. Pure.
