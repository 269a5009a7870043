//! Messages to people as data, every sentence in one file, one file a chat service.
