//! Instances of Python classes, built as the interpreter itself builds them: the only unsafe code there is.
//!
//! pydantic's own `__new__`, `__setattr__` and the safe wrappers of them cost more than the decoding does. What is
//! called here is CPython's public C interface, with objects that the safe wrappers hold alive.
#![allow(unsafe_code)]

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

/// `class.__new__(class)`: an instance on which nothing is set.
pub fn new<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let nothing = PyTuple::empty(py);
    let type_object = class.as_type_ptr();
    // SAFETY: `type_object` is a live type, so its slot may be read; a slot of this name holds a `newfunc`, which takes a
    // type, a tuple and keywords that may be null, and returns a new reference or null with an exception set.
    unsafe {
        match (*type_object).tp_new {
            Some(make) => Bound::from_owned_ptr_or_err(py, make(type_object, nothing.as_ptr(), std::ptr::null_mut())),
            None => class.call0(),
        }
    }
}

/// `object.__setattr__(instance, name, value)`: past the class's own, which would validate and keep track.
pub fn set(instance: &Bound<'_, PyAny>, name: &Bound<'_, PyString>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    // SAFETY: all three are live objects and the name is a string, which is all this function asks for; it takes its own
    // reference to the value.
    let status = unsafe { ffi::PyObject_GenericSetAttr(instance.as_ptr(), name.as_ptr(), value.as_ptr()) };
    if status == 0 { Ok(()) } else { Err(PyErr::fetch(instance.py())) }
}

/// `object.__getattribute__(instance, name)`: past the class's own; None where there is no such attribute.
pub fn get<'py>(instance: &Bound<'py, PyAny>, name: &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>> {
    let py = instance.py();
    // SAFETY: both are live objects and the name is a string; the result is a new reference or null with an exception
    // set, which is taken away.
    unsafe {
        let value = ffi::PyObject_GenericGetAttr(instance.as_ptr(), name.as_ptr());
        let value = Bound::from_owned_ptr_or_opt(py, value);
        if value.is_none() {
            drop(PyErr::take(py));
        }
        value
    }
}

/// The instance's own `__dict__`, past what its class says stands there.
pub fn dict<'py>(instance: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let py = instance.py();
    // SAFETY: a live object; the result is a new reference or null with an exception set; the context is not used.
    let dict = unsafe {
        Bound::from_owned_ptr_or_err(py, ffi::PyObject_GenericGetDict(instance.as_ptr(), std::ptr::null_mut()))
    };
    Ok(dict?.cast_into()?)
}

/// Makes this the instance's own `__dict__`.
pub fn set_dict(instance: &Bound<'_, PyAny>, dict: &Bound<'_, PyAny>) -> PyResult<()> {
    // SAFETY: both are live objects; anything but a dict is refused with an exception; the context is not used.
    let status = unsafe { ffi::PyObject_GenericSetDict(instance.as_ptr(), dict.as_ptr(), std::ptr::null_mut()) };
    if status == 0 { Ok(()) } else { Err(PyErr::fetch(instance.py())) }
}

/// Text from UTF-8 bytes, which the interpreter checks while it copies them; None where they are not UTF-8.
pub fn text<'py>(py: Python<'py>, bytes: &[u8]) -> Option<Bound<'py, PyString>> {
    let length = ffi::Py_ssize_t::try_from(bytes.len()).ok()?;
    // SAFETY: the pointer and the length are those of a slice; null for the error mode means "strict"; the result is a
    // new string or null with an exception set, which is taken away.
    unsafe {
        let text = ffi::PyUnicode_DecodeUTF8(bytes.as_ptr().cast(), length, std::ptr::null());
        match Bound::from_owned_ptr_or_opt(py, text) {
            Some(text) => Some(text.cast_into_unchecked()),
            None => {
                drop(PyErr::take(py));
                None
            }
        }
    }
}

/// The garbage collector rests while this lives: what is built meanwhile is all alive, and there is much of it.
pub struct CollectorPaused {
    was_enabled: bool,
}

impl CollectorPaused {
    pub fn new(_py: Python<'_>) -> Self {
        // SAFETY: the interpreter lock is held, as the token shows.
        Self { was_enabled: unsafe { ffi::PyGC_Disable() } != 0 }
    }

    /// It will go on.
    pub fn was_enabled(&self) -> bool {
        self.was_enabled
    }
}

impl Drop for CollectorPaused {
    fn drop(&mut self) {
        if self.was_enabled {
            // SAFETY: made and dropped within one call into the module, which holds the lock throughout.
            unsafe { ffi::PyGC_Enable() };
        }
    }
}
