//! The edge box: hears the shop, loses nothing that counts, gives nothing away.
