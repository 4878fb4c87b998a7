//! What a variant is to learn of posts: labels or shares of votes, and how much each counts.

use super::learn::{Teacher, set_of};
use crate::data::Post;
use crate::moderation::{Aim, Sample};

impl Teacher<'_> {
    /// What is to be learned of posts, whose texts are these.
    pub(super) fn sample<'s>(&self, posts: &[&Post], texts: &'s [String]) -> Sample<'s> {
        let mut names: Vec<&str> = Vec::new();
        let mut owned: Vec<usize> = Vec::with_capacity(posts.len());
        for post in posts {
            let name = set_of(post);
            let place = names.iter().position(|known| *known == name);
            owned.push(place.unwrap_or(names.len()));
            if place.is_none() {
                names.push(name);
            }
        }
        let of_category = |category| self.aims(posts, &names, &owned, category);
        let by_category: Vec<Vec<Option<Aim>>> =
            (0..self.categories.len()).map(of_category).collect();
        let of_post = |post: usize| by_category.iter().map(|aims| aims[post]).collect();
        Sample {
            texts: texts.iter().map(String::as_str).collect(),
            aims: (0..posts.len()).map(of_post).collect(),
            sets: owned,
        }
    }

    /// What is to be learned of posts and one category.
    fn aims(
        &self,
        posts: &[&Post],
        names: &[&str],
        sets: &[usize],
        category: usize,
    ) -> Vec<Option<Aim>> {
        let share = |post: &&Post| {
            let label = post.labels[category];
            let truth = label.is_positive?;
            let votes = label.votes.filter(|_| self.learn.vote_shares);
            let share = votes.map(|[yes, no]| f64::from(yes) / f64::from((yes + no).max(1)));
            Some((truth, share.unwrap_or(f64::from(u8::from(truth)))))
        };
        let shares: Vec<Option<(bool, f64)>> = posts.iter().map(share).collect();
        let masses = self.masses(names, sets, &shares);
        let aim = |(share, set): (&Option<(bool, f64)>, &usize)| {
            let (truth, share) = (*share)?;
            let [yes, no] = masses[*set];
            let weight = share * yes + (1.0 - share) * no;
            (weight > 0.0).then(|| Aim {
                truth,
                share: share * yes / weight,
                weight,
            })
        };
        shares.iter().zip(sets).map(aim).collect()
    }

    /// What a positive and a negative count in each set, so that all counts sum up to the number of posts.
    fn masses(
        &self,
        names: &[&str],
        sets: &[usize],
        shares: &[Option<(bool, f64)>],
    ) -> Vec<[f64; 2]> {
        let mut sums = vec![[0.0_f64; 2]; names.len()];
        for (set, share) in sets.iter().zip(shares) {
            if let Some((_, share)) = share {
                sums[*set][0] += share;
                sums[*set][1] += 1.0 - share;
            }
        }
        let known: f64 = sums.iter().flatten().sum();
        let weights = &self.learn.set_weights;
        let wanted = |place: usize| {
            let size: f64 = sums[place].iter().sum();
            let own = weights.get(names[place]).copied().unwrap_or(1.0);
            match (size > 0.0, weights.is_empty()) {
                (false, _) => 0.0,
                (true, true) => size,
                (true, false) => own,
            }
        };
        let wanted: Vec<f64> = (0..names.len()).map(wanted).collect();
        let all: f64 = wanted.iter().sum();
        let mass = |(sums, wanted): (&[f64; 2], &f64)| {
            let [yes, no] = *sums;
            let total = known * wanted / all;
            if self.learn.balance_classes && yes > 0.0 && no > 0.0 {
                [total / 2.0 / yes, total / 2.0 / no]
            } else {
                [total / (yes + no).max(f64::MIN_POSITIVE); 2]
            }
        };
        sums.iter().zip(&wanted).map(mass).collect()
    }
}
