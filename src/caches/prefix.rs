//! Which tokens of a prompt a serving engine has computed already: prefix sharing of its key-value cache, accounted without an engine.
//!
//! Sources: vLLM 0.9, "Automatic Prefix Caching" (`vllm/v1/core/kv_cache_manager.py`, `block_pool.py`); `SGLang`'s `RadixAttention` with pages
//! is the same for whole blocks.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;

use sha2::{Digest as _, Sha256};

/// What a block of tokens is known by: a digest of the block and of all that stand before it.
pub type BlockKey = u128;

/// The blocks that an engine holds, request by request.
///
/// Requests come one after the other. A request finds the longest run of its first blocks that are held; then all its blocks are held,
/// and where they are more than fit, the least recently used go, of one request its last blocks first. (vLLM frees the blocks of a request
/// in this order.) So a block is never held without those before it.
#[derive(Debug, Clone)]
pub struct PrefixCache {
    block: NonZeroUsize,
    capacity: Option<NonZeroUsize>,
    /// When each block was used last.
    used: HashMap<BlockKey, u64>,
    /// The blocks by when they were used last.
    by_use: BTreeMap<u64, BlockKey>,
    clock: u64,
}

impl PrefixCache {
    /// The tokens of a block unless one says otherwise, as in vLLM.
    pub const BLOCK: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");

    /// An empty cache of so many blocks, or one that never forgets, with so many tokens a block.
    pub fn new(block: NonZeroUsize, capacity: Option<NonZeroUsize>) -> Self {
        Self {
            block,
            capacity,
            used: HashMap::new(),
            by_use: BTreeMap::new(),
            clock: 0,
        }
    }

    /// The blocks that are held.
    pub fn held(&self) -> usize {
        self.used.len()
    }

    /// Takes in the next prompt and says how many of its tokens were held: whole blocks from its start, and never its last token, which is
    /// always computed because the answer begins from it. Only whole blocks are held.
    ///
    /// Tokens are ids as bytes (`id.to_le_bytes()`) or texts.
    pub fn account<T: AsRef<[u8]>>(&mut self, tokens: &[T]) -> usize {
        let keys = self.keys(tokens);
        let found = self.account_blocks(&keys);
        let block = self.block.get();
        // Where the last block is a whole one and held, it is computed again for its last token.
        found.min(tokens.len().saturating_sub(1) / block) * block
    }

    /// As [`Self::account`] with the keys of the blocks, as traces of engines have them; says how many of the first blocks were held.
    pub fn account_blocks(&mut self, keys: &[BlockKey]) -> usize {
        let found = keys
            .iter()
            .take_while(|key| self.used.contains_key(key))
            .count();
        // From the last to the first: so the first is the most recently used.
        for key in keys.iter().rev() {
            self.clock += 1;
            if let Some(before) = self.used.insert(*key, self.clock) {
                self.by_use.remove(&before);
            }
            self.by_use.insert(self.clock, *key);
        }
        if let Some(capacity) = self.capacity {
            while self.used.len() > capacity.get() {
                let Some((_, key)) = self.by_use.pop_first() else {
                    break;
                };
                self.used.remove(&key);
            }
        }
        found
    }

    /// The keys of a prompt's whole blocks.
    fn keys<T: AsRef<[u8]>>(&self, tokens: &[T]) -> Vec<BlockKey> {
        let mut before: BlockKey = 0;
        let key = |tokens: &[T]| {
            let mut hasher = Sha256::new();
            hasher.update(before.to_le_bytes());
            for token in tokens.iter().map(AsRef::as_ref) {
                hasher.update((token.len() as u64).to_le_bytes());
                hasher.update(token);
            }
            let digest = hasher.finalize();
            before = BlockKey::from_le_bytes(std::array::from_fn(|place| digest[place]));
            before
        };
        tokens.chunks_exact(self.block.get()).map(key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    fn tokens(text: &str) -> Vec<String> {
        text.chars().map(String::from).collect()
    }

    #[test]
    fn whole_blocks_from_the_start_are_shared_and_the_last_token_is_computed() {
        let mut cache = PrefixCache::new(of(4), None);
        for (prompt, cached) in [
            ("", 0),
            ("abc", 0),
            ("abcdefgh", 0),
            // All of it is held, but its last token is needed, and with it its block.
            ("abcdefgh", 4),
            ("abcdefghi", 8),
            ("abcdefghijkl", 8),
            ("abcdefghijklm", 12),
            // The second block is another one behind another first one.
            ("xbcdefgh!", 0),
            ("abcdxfgh!", 4),
            ("abc", 0),
        ] {
            assert_eq!(cache.account(&tokens(prompt)), cached, "{prompt}");
        }
        // abcd, efgh, ijkl, xbcd, efgh behind it, xfgh.
        assert_eq!(cache.held(), 6);
    }

    #[test]
    fn tokens_are_told_apart_where_their_letters_run_together() {
        let mut cache = PrefixCache::new(of(2), None);
        assert_eq!(cache.account(&["ab", "c", "d"]), 0);
        assert_eq!(cache.account(&["a", "bc", "d"]), 0);
        assert_eq!(cache.account(&["ab", "c", "e"]), 2);
        let ids: Vec<[u8; 4]> = [1_u32, 2, 3].map(u32::to_le_bytes).to_vec();
        assert_eq!(cache.account(&ids), 0);
        assert_eq!(cache.account(&ids), 2);
    }

    #[test]
    fn the_least_recently_used_go_and_of_a_request_the_last_blocks_first() {
        let mut cache = PrefixCache::new(PrefixCache::BLOCK, Some(of(4)));
        for (blocks, found) in [
            (&[1, 2, 3][..], 0),
            // 3 goes: the last of the request that is longest ago.
            (&[4, 5], 0),
            (&[1, 2], 2),
            // 5 and 4 go.
            (&[6, 7], 0),
            (&[4], 0),
            // 2 went for 4; 1 is still held.
            (&[1, 2], 1),
            // More than fit: the first four stay.
            (&[11, 12, 13, 14, 15, 16], 0),
            (&[11, 12, 13, 14, 15, 16], 4),
            (&[12], 1),
        ] {
            assert_eq!(cache.account_blocks(blocks), found, "{blocks:?}");
            assert!(cache.held() <= 4);
        }
    }
}
