//! The server: locates, decides, delivers and measures.
