//! The macro that makes enums label values and structs labels.

/// Makes enums whose variants are the values of a label, and structs whose fields are the labels of a family; see
/// [`typed`](crate::typed).
///
/// A field's type is such an enum, or `bool`, or whatever implements [`LabelValue`](crate::typed::LabelValue); its name is the
/// label's. Names that no label may have, and values that are there twice, do not compile.
///
/// ```compile_fail
/// obs_metrics::labels! { pub enum Means { Card = "card", Invoice = "card" } }
/// ```
#[macro_export]
macro_rules! labels {
    () => {};
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $value:literal),+ $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $name {
            $($(#[$variant_meta])*
            #[doc = $value]
            $variant,)+
        }

        const _: () = assert!(
            $crate::typed::are_different(&[$($value),+]),
            "a label has the same value twice"
        );

        impl $crate::typed::LabelValue for $name {
            const VALUES: &'static [&'static str] = &[$($value),+];

            #[inline]
            fn index(self) -> usize {
                self as usize
            }
        }

        $crate::labels! { $($rest)* }
    };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field:ident: $kind:ty),+ $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis struct $name {
            $($(#[$field_meta])*
            #[doc = concat!("The label `", stringify!($field), "`.")]
            $vis $field: $kind,)+
        }

        const _: () = assert!(
            $crate::typed::may_be_labels(&[$($crate::typed::name(stringify!($field))),+]),
            "a label has a name that no label may have, or that is there twice"
        );

        impl $crate::typed::Labels for $name {
            const NAMES: &'static [&'static str] = &[$($crate::typed::name(stringify!($field))),+];

            const VALUES: &'static [&'static [&'static str]] =
                &[$(<$kind as $crate::typed::LabelValue>::VALUES),+];

            #[inline]
            fn index(self) -> usize {
                let mut index = 0;
                $(
                    index = index * <$kind as $crate::typed::LabelValue>::VALUES.len()
                        + $crate::typed::LabelValue::index(self.$field);
                )+
                index
            }
        }

        $crate::labels! { $($rest)* }
    };
}
