//! The store's behaviours, on real files. The attributes tell clippy that helpers are tests too.

#[cfg(test)]
mod builds;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod fleets;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod pins;
#[cfg(test)]
mod pruned;
#[cfg(test)]
mod sign_in;
