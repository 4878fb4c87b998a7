//! Where models compute.

use std::str::FromStr;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

/// The device that the user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// The first graphics card that this build can use, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
}

impl Device {
    pub(crate) fn open(self) -> anyhow::Result<candle_core::Device> {
        match self {
            Self::Auto => candle_core::Device::cuda_if_available(0)
                .context("the graphics card does not start; ask for the device `cpu`"),
            Self::Cpu => Ok(candle_core::Device::Cpu),
        }
    }
}

impl FromStr for Device {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Self> {
        match name {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            _ => bail!("`{name}` is no device; take `auto` or `cpu`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_and_the_cpu_is_always_there() {
        assert_eq!("auto".parse::<Device>().unwrap(), Device::Auto);
        assert!("cpu".parse::<Device>().unwrap().open().unwrap().is_cpu());
        let error = "gpu".parse::<Device>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`gpu` is no device; take `auto` or `cpu`"
        );
    }
}
