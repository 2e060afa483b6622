//! Filters of queries by id.

/// Filter by an optional name: without a name it matches everything, with an unknown name nothing.
pub(in crate::ledger) enum IdFilter<T> {
    Any,
    Only(T),
    Nothing,
}

impl<T: PartialEq> IdFilter<T> {
    pub fn of(named: bool, found: Option<T>) -> Self {
        match (named, found) {
            (false, _) => IdFilter::Any,
            (true, Some(found)) => IdFilter::Only(found),
            (true, None) => IdFilter::Nothing,
        }
    }

    pub fn matches(&self, value: Option<T>) -> bool {
        match self {
            IdFilter::Any => true,
            IdFilter::Only(wanted) => value.as_ref() == Some(wanted),
            IdFilter::Nothing => false,
        }
    }
}
