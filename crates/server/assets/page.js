// The page works without this. It adds: live updates, keys, relative times, and buttons that answer at once.
