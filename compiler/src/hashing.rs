//! Sets and maps with a quick hash: long lists of terms are told apart by it.

use foldhash::fast::RandomState;

pub type HashSet<T> = std::collections::HashSet<T, RandomState>;
pub type HashMap<K, V> = std::collections::HashMap<K, V, RandomState>;
pub type IndexSet<T> = indexmap::IndexSet<T, RandomState>;
pub type IndexMap<K, V> = indexmap::IndexMap<K, V, RandomState>;
