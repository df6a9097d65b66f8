//! A node as the reader sees it: of which kind it is, and its parts by their names.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};

use crate::codec::{Parts, Slot};

thread_local! {
    /// By the address of the class, which is kept and so never another's. There are as many as kinds of nodes.
    static CLASSES: RefCell<HashMap<usize, Rc<Class>, foldhash::fast::RandomState>> = RefCell::default();
}

/// What the nodes of a class have in common.
struct Class {
    kind: String,
    parts: Parts,
}

impl Class {
    fn of(instance: &Bound<'_, PyAny>) -> PyResult<Self> {
        let class = instance.get_type();
        let kind = instance.getattr(pyo3::intern!(instance.py(), "kind"))?.extract()?;
        let names = slots(&class)?;
        // What a class has put in the place of a slot is no slot.
        let slots: Vec<_> = names.iter().map(String::as_str).filter(|name| Slot::of(&class, name).is_ok()).collect();
        Ok(Self { kind, parts: Parts::of(&class, &slots)? })
    }
}

/// The names of all slots of a class.
fn slots(class: &Bound<'_, PyType>) -> PyResult<Vec<String>> {
    let mut names = Vec::new();
    for each in class.mro() {
        let slots = each.getattr_opt(pyo3::intern!(class.py(), "__slots__"))?;
        if let Some(Ok(slots)) = slots.map(|slots| slots.cast_into::<PyTuple>()) {
            names.extend(slots.extract::<Vec<String>>()?);
        }
    }
    Ok(names)
}

pub struct Node<'a, 'py> {
    class: Rc<Class>,
    pub instance: &'a Bound<'py, PyAny>,
}

impl<'a, 'py> Node<'a, 'py> {
    /// # Errors
    /// What is given is no node: it has no kind.
    pub fn of(instance: &'a Bound<'py, PyAny>) -> PyResult<Self> {
        let address = instance.get_type_ptr() as usize;
        let known = CLASSES.with_borrow(|classes| classes.get(&address).cloned());
        let class = match known {
            Some(class) => class,
            None => {
                let class = Rc::new(Class::of(instance)?);
                CLASSES.with_borrow_mut(|classes| classes.insert(address, class.clone()));
                class
            }
        };
        Ok(Self { class, instance })
    }

    pub fn py(&self) -> Python<'py> {
        self.instance.py()
    }

    pub fn kind(&self) -> &str {
        &self.class.kind
    }

    /// A part by its name, which is an interned one.
    pub fn part(&self, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        self.class.parts.get(self.instance, name).map_or_else(|| self.instance.getattr(name), Ok)
    }
}
