//! When: the Shop and Shopper machines, and the core that joins them. Pure.
