//! Headers and bytes in, an announced build out: signatures first, then the format.
