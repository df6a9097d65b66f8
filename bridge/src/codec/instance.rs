//! Instances of Python classes, built as the interpreter itself builds them: the only unsafe code there is.
//!
//! pydantic's own `__new__`, `__setattr__` and the safe wrappers of them cost more than the decoding does. What is
//! called here is CPython's public C interface, with objects that the safe wrappers hold alive.
#![allow(unsafe_code)]

use pyo3::exceptions::PyTypeError;
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

/// A slot (`__slots__`) of a class, found once; instances of classes below it have it too.
pub struct Slot {
    descriptor: Py<PyAny>,
    /// The class whose slot it is.
    owner: Py<PyType>,
    /// Where it stands in an instance, in bytes.
    place: isize,
}

impl Slot {
    /// # Errors
    /// The class has no such slot.
    pub fn of(class: &Bound<'_, PyType>, name: &str) -> PyResult<Self> {
        let py = class.py();
        let descriptor = class.getattr(name)?;
        // SAFETY: a live object, whose type may be read; of this type it has the layout of a member's descriptor, which
        // holds its class and a definition that lives as long as it does.
        let (owner, place) = unsafe {
            if ffi::Py_TYPE(descriptor.as_ptr()) != &raw mut ffi::PyMemberDescr_Type {
                return Err(PyTypeError::new_err(format!("{name} is no slot of {class}")));
            }
            let found = descriptor.as_ptr().cast::<ffi::PyMemberDescrObject>();
            let (owner, member) = ((*found).d_common.d_type, (*found).d_member);
            if (*member).type_code != ffi::Py_T_OBJECT_EX || (*member).flags & ffi::Py_READONLY != 0 {
                return Err(PyTypeError::new_err(format!("{name} is no slot that may be set")));
            }
            (Bound::from_borrowed_ptr(py, owner.cast()).cast_into::<PyType>()?, (*member).offset)
        };
        Ok(Self { descriptor: descriptor.unbind(), owner: owner.unbind(), place })
    }

    /// Where it stands in instances of the class.
    ///
    /// # Errors
    /// The class is none of those that have the slot.
    fn place_in(&self, class: &Bound<'_, PyType>) -> PyResult<isize> {
        let owner = self.owner.bind(class.py());
        if class.is_subclass(owner)? {
            Ok(self.place)
        } else {
            Err(PyTypeError::new_err(format!("{class} has not the slots of {owner}")))
        }
    }

    /// `descriptor.__set__(instance, value)`: what `object.__setattr__` does when it has found the descriptor.
    pub fn set(&self, instance: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let descriptor = self.descriptor.as_ptr();
        // SAFETY: a live object, whose type's slot holds a `descrsetfunc`, as was seen when it was found; this takes a
        // descriptor, an instance, which it checks to be one of its class, and a value, to which it takes its own
        // reference.
        let status = unsafe {
            match (*ffi::Py_TYPE(descriptor)).tp_descr_set {
                Some(set) => set(descriptor, instance.as_ptr(), value.as_ptr()),
                None => return Err(PyTypeError::new_err("a slot has lost its descriptor")),
            }
        };
        if status == 0 { Ok(()) } else { Err(PyErr::fetch(instance.py())) }
    }

    /// `descriptor.__get__(instance)`; None where nothing was set.
    pub fn get<'py>(&self, instance: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
        let (py, descriptor) = (instance.py(), self.descriptor.as_ptr());
        // SAFETY: a live object, whose type's slot holds null or a `descrgetfunc`, which takes a descriptor, an instance,
        // which it checks to be one of its class, and the instance's type; it returns a new reference or null with an
        // exception set, which is taken away.
        unsafe {
            let get = (*ffi::Py_TYPE(descriptor)).tp_descr_get?;
            let type_object = ffi::Py_TYPE(instance.as_ptr()).cast();
            let value = Bound::from_owned_ptr_or_opt(py, get(descriptor, instance.as_ptr(), type_object));
            if value.is_none() {
                drop(PyErr::take(py));
            }
            value
        }
    }
}

/// How instances of one class are made, and where in them some of its slots stand.
pub struct Instances {
    class: Py<PyType>,
    places: Vec<isize>,
    /// No attribute of the class stands in the way of those of an instance.
    plain: bool,
}

impl Instances {
    /// # Errors
    /// A slot is not one of the class.
    pub fn of(class: &Bound<'_, PyType>, slots: &[&Slot], plain: bool) -> PyResult<Self> {
        let places = slots.iter().map(|slot| slot.place_in(class)).collect::<PyResult<_>>()?;
        Ok(Self { class: class.clone().unbind(), places, plain })
    }

    /// An instance on which nothing is set; None where the class's `__new__` gives something else.
    pub fn make<'py>(&self, py: Python<'py>) -> PyResult<Option<Fresh<'_, 'py>>> {
        self.begin(new(self.class.bind(py))?)
    }

    /// An instance that is still to be filled; None of one of another class, or on which a slot is set.
    pub fn fill<'py>(&self, made: Bound<'py, PyAny>) -> PyResult<Option<Fresh<'_, 'py>>> {
        let Some(fresh) = self.begin(made)? else { return Ok(None) };
        let start = fresh.made.as_ptr();
        // SAFETY: a live instance of the very class that was seen to have slots of Python objects in these places, and
        // the interpreter lock is held: each holds null or a reference.
        let is_set =
            |place: &isize| unsafe { !start.byte_offset(*place).cast::<*mut ffi::PyObject>().read().is_null() };
        Ok((!self.places.iter().any(is_set)).then_some(fresh))
    }

    fn begin<'py>(&self, made: Bound<'py, PyAny>) -> PyResult<Option<Fresh<'_, 'py>>> {
        if made.get_type_ptr() != self.class.as_ptr().cast() {
            return Ok(None);
        }
        let values = if self.plain { None } else { Some(dict(&made)?) };
        Ok(Some(Fresh { made, values, places: &self.places }))
    }
}

/// Where slots stand in the instances of one class.
pub struct Parts {
    class: Py<PyType>,
    places: Vec<(Py<PyString>, isize)>,
}

impl Parts {
    /// # Errors
    /// A name is none of a slot of the class.
    pub fn of(class: &Bound<'_, PyType>, names: &[&str]) -> PyResult<Self> {
        let place = |name: &&str| {
            let place = Slot::of(class, name)?.place_in(class)?;
            Ok((PyString::intern(class.py(), name).unbind(), place))
        };
        Ok(Self { class: class.clone().unbind(), places: names.iter().map(place).collect::<PyResult<_>>()? })
    }

    /// The slot with an interned name, of an instance of the very class; None where it is another's, or nothing was set.
    pub fn get<'py>(&self, instance: &Bound<'py, PyAny>, name: &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>> {
        let (_, place) = self.places.iter().find(|(known, _)| known.is(name))?;
        if instance.get_type_ptr() != self.class.as_ptr().cast() {
            return None;
        }
        // SAFETY: a live instance of the very class that was seen to have a slot of a Python object in this place, which
        // holds null or a reference, and the interpreter lock is held.
        unsafe {
            let slot = instance.as_ptr().byte_offset(*place).cast::<*mut ffi::PyObject>();
            Bound::from_borrowed_ptr_or_opt(instance.py(), *slot)
        }
    }
}

/// An instance that is still to be filled.
pub struct Fresh<'a, 'py> {
    made: Bound<'py, PyAny>,
    /// Its `__dict__`, where attributes cannot be set past the class's own.
    values: Option<Bound<'py, PyDict>>,
    places: &'a [isize],
}

impl<'py> Fresh<'_, 'py> {
    pub fn py(&self) -> Python<'py> {
        self.made.py()
    }

    /// Sets the slot that was named at this place.
    pub fn fill(&self, slot: usize, value: Bound<'py, PyAny>) {
        // SAFETY: a live instance of the very class that was seen to have slots of Python objects in these places, and
        // the interpreter lock is held; a slot holds null or a reference, which is given up for that to the value.
        unsafe {
            let slot = self.made.as_ptr().byte_offset(self.places[slot]).cast::<*mut ffi::PyObject>();
            let before = slot.replace(value.into_ptr());
            ffi::Py_XDECREF(before);
        }
    }

    /// Sets the value of a field.
    pub fn set(&self, name: &Bound<'_, PyString>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        match &self.values {
            Some(values) => values.set_item(name, value),
            None => set(&self.made, name, value),
        }
    }

    pub fn finish(self) -> Bound<'py, PyAny> {
        self.made
    }
}

/// Text from UTF-8 bytes; None where they are not UTF-8.
pub fn text<'py>(py: Python<'py>, bytes: &[u8]) -> Option<Bound<'py, PyString>> {
    let length = ffi::Py_ssize_t::try_from(bytes.len()).ok()?;
    // The interpreter keeps the texts of no and of one character: it must be asked for those.
    if length > 1 && bytes.is_ascii() {
        // SAFETY: a new string whose characters are all below 128 has one byte for each and a zero behind them; nobody
        // else has seen it yet, so that it may be written.
        return unsafe {
            let text = Bound::from_owned_ptr_or_opt(py, ffi::PyUnicode_New(length, 127));
            let Some(text) = text else {
                drop(PyErr::take(py));
                return None;
            };
            let characters = ffi::PyUnicode_1BYTE_DATA(text.as_ptr());
            characters.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            Some(text.cast_into_unchecked())
        };
    }
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

#[cfg(test)]
mod tests {
    use pyo3::types::PyDict;

    use super::*;

    fn class<'py>(py: Python<'py>, source: &std::ffi::CStr) -> Bound<'py, PyType> {
        py.eval(source, None, None).expect("a class").cast_into().expect("a type")
    }

    #[test]
    fn a_slot_is_set_on_instances_of_its_class_alone() {
        Python::initialize();
        Python::attach(|py| {
            let base = class(py, c"type('Base', (), {'__slots__': ('a',), 'b': 1})");
            let slot = Slot::of(&base, "a").expect("it is there");
            let below = PyType::new::<PyDict>(py);
            let locals = PyDict::new(py);
            locals.set_item("Base", &base).expect("a dict takes it");
            let derived = py.eval(c"type('Derived', (Base,), {})", None, Some(&locals)).expect("a class");
            for class in [&base, derived.cast::<PyType>().expect("a type")] {
                let instance = new(class).expect("it is made");
                assert!(slot.get(&instance).is_none());
                assert!(!PyErr::occurred(py));
                slot.set(&instance, below.as_any()).expect("it is set");
                assert!(slot.get(&instance).expect("it is there").is(&below));
            }
            let other = new(&class(py, c"type('Other', (), {'__slots__': ('a',)})")).expect("it is made");
            assert!(slot.get(&other).is_none());
            assert!(slot.set(&other, below.as_any()).expect_err("it is refused").is_instance_of::<PyTypeError>(py));
            assert!(Slot::of(&base, "b").is_err_and(|error| error.is_instance_of::<PyTypeError>(py)));
        });
    }

    fn references(object: &Bound<'_, PyAny>) -> ffi::Py_ssize_t {
        // SAFETY: a live object, and the interpreter lock is held.
        unsafe { ffi::Py_REFCNT(object.as_ptr()) }
    }

    #[test]
    fn slots_of_a_new_instance_are_filled_and_filled_again() {
        Python::initialize();
        Python::attach(|py| {
            let names = PyDict::new(py);
            let base = class(py, c"type('Base', (), {'__slots__': ('a', 'b')})");
            names.set_item("Base", &base).expect("a dict takes it");
            let below = |source| py.eval(source, None, Some(&names)).expect("a class").cast_into::<PyType>();
            let derived = below(c"type('Derived', (Base,), {})").expect("a type");
            let slots = [Slot::of(&base, "a").expect("it is there"), Slot::of(&base, "b").expect("it is there")];
            let instances = Instances::of(&derived, &[&slots[0], &slots[1]], true).expect("it has them");
            let (first, second) = (PyDict::new(py).into_any(), PyDict::new(py).into_any());
            let held = references(&first);
            let fresh = instances.make(py).expect("it is made").expect("it is one");
            fresh.fill(0, first.clone());
            fresh.fill(0, second.clone());
            fresh.fill(1, first.clone());
            fresh.set(&PyString::new(py, "c"), &second).expect("it has a dict");
            let made = fresh.finish();
            assert!(made.get_type().is(&derived));
            assert!(slots[0].get(&made).expect("it is there").is(&second));
            assert!(slots[1].get(&made).expect("it is there").is(&first));
            assert_eq!(references(&first), held + 1);
            drop(made);
            assert_eq!((references(&first), references(&second)), (held, held));
        });
    }

    #[test]
    fn only_instances_of_a_class_with_the_slots_are_filled() {
        Python::initialize();
        Python::attach(|py| {
            let names = PyDict::new(py);
            let base = class(py, c"type('Base', (), {'__slots__': ('a',)})");
            names.set_item("Base", &base).expect("a dict takes it");
            let slot = Slot::of(&base, "a").expect("it is there");
            let other = class(py, c"type('Other', (), {'__slots__': ('a',)})");
            assert!(Instances::of(&other, &[&slot], true).is_err_and(|error| error.is_instance_of::<PyTypeError>(py)));
            let odd = py.eval(c"type('Odd', (Base,), {'__new__': lambda cls: 7})", None, Some(&names));
            let odd = odd.expect("a class").cast_into::<PyType>().expect("a type");
            let instances = Instances::of(&odd, &[&slot], true).expect("it has it");
            assert!(instances.make(py).expect("something is made").is_none());
            let number = py.get_type::<pyo3::types::PyComplex>();
            assert!(Slot::of(&number, "real").is_err_and(|error| error.is_instance_of::<PyTypeError>(py)));
        });
    }

    #[test]
    fn texts_are_those_of_their_bytes() {
        Python::initialize();
        Python::attach(|py| {
            for length in 0..70 {
                for end in ["", "a", "\0", "\x7f", "\u{80}", "ł", "😀"] {
                    let whole = "x".repeat(length) + end;
                    let made = text(py, whole.as_bytes()).expect("it is UTF-8");
                    assert_eq!(made.to_str().expect("it is UTF-8"), whole);
                    let own = PyString::new(py, &whole);
                    assert_eq!(made.hash().expect("texts have one"), own.hash().expect("texts have one"));
                }
                assert!(text(py, &[&b"x".repeat(length)[..], &[0x80]].concat()).is_none());
            }
        });
    }
}
