//! Values of several parts: lists, maps, and variants that hold either.

use serde::ser::{self, Serialize};

use super::super::{Error, mark};
use super::Writer;

/// A variant that holds several values: its own map must be ended too.
pub(in crate::pack) struct Variant<'w, 'n> {
    writer: &'w mut Writer<'n>,
    is_map: bool,
}

impl<'w, 'n> Variant<'w, 'n> {
    /// One that holds a list.
    pub(super) const fn list(writer: &'w mut Writer<'n>) -> Self {
        Self { writer, is_map: false }
    }

    /// One that holds a map.
    pub(super) const fn map(writer: &'w mut Writer<'n>) -> Self {
        Self { writer, is_map: true }
    }

    fn close(self) {
        let ends = if self.is_map { [mark::END; 2].as_slice() } else { &[mark::END] };
        self.writer.bytes.extend(ends);
    }
}

macro_rules! items {
    ($($trait:ident $method:ident),*) => {$(
        impl ser::$trait for &mut Writer<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Error> {
                Ok(())
            }
        }
    )*};
}

items!(SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field);

impl ser::SerializeTupleVariant for Variant<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeStructVariant for Variant<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        self.writer.text(key);
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeMap for &mut Writer<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Error> {
        self.bytes.push(mark::END);
        Ok(())
    }
}

impl ser::SerializeStruct for &mut Writer<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        self.text(key);
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Error> {
        self.bytes.push(mark::END);
        Ok(())
    }
}
