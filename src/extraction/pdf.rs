use super::Refusal;
use super::draft::Draft;
use super::guard::Guard;

pub(super) fn read(_bytes: &[u8], _guard: &Guard<'_>) -> Result<Draft, Refusal> {
    Err(Refusal::Unknown("not written yet".to_owned()))
}
