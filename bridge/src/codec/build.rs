//! Instances made of values that are of their fields' types already: what pydantic would make of them.

use std::sync::atomic::Ordering;

use pyo3::exceptions::{PyException, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};
use smallvec::SmallVec;

use super::convert::Fit;
use super::field::Default;
use super::instance::Fresh;
use super::layout::Definition;
use super::load::complete;
use super::shape::{Condition, Given, Model, Shape};
use crate::errors::internal;
use crate::gate::guarded;

/// Makes instances of one class.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Builder {
    model: Model,
    /// Pydantic's, which does the same: a class that was built anew has another.
    validator: Py<PyAny>,
}

#[pymethods]
impl Builder {
    /// Of the shape of a model, as `Shape::read` reads it, and the class's validator.
    #[new]
    fn new(shape: &Bound<'_, PyTuple>, validator: Py<PyAny>) -> PyResult<Self> {
        match Shape::read(shape)? {
            Shape::Model(model) => Ok(Self { model, validator }),
            _ => Err(PyValueError::new_err("only models are built")),
        }
    }
}

/// Gives a new instance its values; false where pydantic has to look at them, or has to make all instances of the class.
#[pyfunction]
pub fn construct(instance: &Bound<'_, PyAny>, values: &Bound<'_, PyDict>) -> PyResult<bool> {
    guarded(instance.py(), || match builder(&instance.get_type())? {
        Some(builder) => builder.get().model.fill(instance, values),
        None => Ok(false),
    })
}

/// The builder of a class, made once its annotations are evaluated; None where it has none, or another validator by now.
fn builder<'py>(class: &Bound<'py, PyType>) -> PyResult<Option<Bound<'py, Builder>>> {
    static BUILDERS: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let py = class.py();
    let builders = BUILDERS.get_or_init(py, || PyDict::new(py).unbind()).bind(py);
    if let Some(known) = builders.get_item(class)? {
        let Ok(builder) = known.cast_into::<Builder>() else { return Ok(None) };
        let validator = class.getattr(intern!(py, "__pydantic_validator__"))?;
        return Ok(validator.is(&builder.get().validator).then_some(builder));
    }
    if !class.getattr(intern!(py, "__pydantic_complete__"))?.is_truthy()? {
        return Ok(None);
    }
    match py.import("data_bridge.construction")?.getattr("builder_of")?.call1((class,)) {
        Ok(made) => {
            builders.set_item(class, &made)?;
            Ok(made.cast_into().ok())
        }
        // A class that cannot be stored can be made; why it cannot is said where it is stored.
        Err(error) if error.is_instance_of::<PyException>(py) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The values of an instance's fields, in the order in which these are declared; None where a default takes the place.
type Values<'py> = SmallVec<[Option<Bound<'py, PyAny>>; 16]>;

impl Model {
    /// Gives a new instance its values; false where pydantic has to.
    fn fill(&self, instance: &Bound<'_, PyAny>, values: &Bound<'_, PyDict>) -> PyResult<bool> {
        let layout = self.layout.get();
        let definition = layout.definition()?;
        let Some(taken) = self.take(definition, values, true)? else { return Ok(false) };
        let instances = layout.instances(instance.py(), definition)?;
        let Some(fresh) = instances.fill(instance.clone())? else { return Ok(false) };
        self.put(definition, fresh, taken)?;
        Ok(true)
    }

    /// An instance that stands in another.
    fn build<'py>(&self, values: &Bound<'py, PyDict>) -> Fit<'py> {
        let layout = self.layout.get();
        let definition = layout.definition()?;
        let Some(taken) = self.take(definition, values, false)? else { return Ok(None) };
        let Some(fresh) = layout.fresh(values.py(), definition)? else { return Ok(None) };
        self.put(definition, fresh, taken).map(Some)
    }

    /// What is given for each field; None where pydantic has to look.
    ///
    /// # Arguments
    /// * `outermost` - what fits is what comes of the whole call: functions that make defaults are called once.
    fn take<'py>(
        &self,
        definition: &Definition,
        values: &Bound<'py, PyDict>,
        outermost: bool,
    ) -> PyResult<Option<Values<'py>>> {
        let Some(fields) = &self.given else { return Ok(None) };
        let suspect = self.suspect.load(Ordering::Relaxed);
        let mut ahead = None;
        if let Some(field) = fields.get(suspect)
            && let Some(value) = field.of(values)?
        {
            ahead = self.fields[field.position].take(&value)?;
            if ahead.is_none() {
                return Ok(None);
            }
            self.suspect.store(usize::MAX, Ordering::Relaxed);
        }
        let mut taken = Values::new();
        for (place, field) in fields.iter().enumerate() {
            let value = match (field.of(values)?, &definition.fields[field.position].default) {
                (Some(_), _) if place == suspect && ahead.is_some() => ahead.take(),
                (Some(value), _) => {
                    let fits = self.fields[field.position].take(&value)?;
                    if fits.is_none() {
                        self.suspect.store(place, Ordering::Relaxed);
                        return Ok(None);
                    }
                    fits
                }
                (None, Default::Value(_)) => None,
                (None, Default::Factory(_)) if outermost => None,
                (None, Default::Factory(_) | Default::Required) => return Ok(None),
            };
            taken.push(value);
        }
        // What is left is no field.
        Ok((taken.iter().flatten().count() == values.len()).then_some(taken))
    }

    /// Sets what was taken, and the defaults of the rest.
    fn put<'py>(
        &self,
        definition: &Definition,
        fresh: Fresh<'_, 'py>,
        taken: Values<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = fresh.py();
        let fields = self.given.iter().flatten();
        let mut came = SmallVec::<[bool; 16]>::from_elem(false, taken.len());
        for (field, value) in fields.clone().zip(&taken) {
            came[field.position] = value.is_some();
        }
        let present = definition.present(py, |position| came[position])?;
        for (field, value) in fields.zip(taken) {
            let field = &definition.fields[field.position];
            let value = match value {
                Some(value) => Some(value),
                None => field.default.value(py)?,
            };
            let value = value.ok_or_else(|| internal(py, "a field without a default was taken as given"))?;
            fresh.set(field.name.bind(py), &value)?;
        }
        complete(fresh, definition, present, None, None)
    }
}

impl Given {
    /// The value that is given for the field.
    fn of<'py>(&self, values: &Bound<'py, PyDict>) -> PyResult<Option<Bound<'py, PyAny>>> {
        for key in &self.keys {
            if let Some(value) = values.get_item(key)? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }
}

impl Shape {
    /// What pydantic makes of a value: the very object, or a copy of a list or dict; None where only pydantic can tell.
    fn take<'py>(&self, value: &Bound<'py, PyAny>) -> Fit<'py> {
        let py = value.py();
        Ok(match self {
            Self::Any => Some(value.clone()),
            Self::Exact(class, _) => value.get_type().is(class).then(|| value.clone()),
            Self::Nullable(_) if value.is_none() => Some(value.clone()),
            Self::Nullable(of) => of.take(value)?,
            Self::List(of) => {
                let Ok(list) = value.cast_exact::<PyList>() else { return Ok(None) };
                let mut items = SmallVec::<[_; 16]>::with_capacity(list.len());
                for item in list {
                    let Some(item) = of.take(&item)? else { return Ok(None) };
                    items.push(item);
                }
                Some(PyList::new(py, items)?.into_any())
            }
            Self::Dict(keys, values) => {
                let Ok(given) = value.cast_exact::<PyDict>() else { return Ok(None) };
                let dict = PyDict::new(py);
                for (key, item) in given {
                    let (Some(key), Some(item)) = (keys.take(&key)?, values.take(&item)?) else { return Ok(None) };
                    dict.set_item(key, item)?;
                }
                Some(dict.into_any())
            }
            // The first choice of the very class is what pydantic takes, if none before it could take the value too.
            Self::Union(choices) => {
                for choice in choices {
                    match choice.class() {
                        Some(class) if value.get_type().is(class) => return choice.take(value),
                        Some(_) if !choice.is_literal() => {}
                        _ => return Ok(None),
                    }
                }
                None
            }
            Self::Where(of, condition) => match of.take(value)? {
                Some(taken) if condition.holds(&taken)? => Some(taken),
                _ => None,
            },
            Self::Model(model) if value.get_type().is(&model.layout.get().class) => {
                model.given.is_some().then(|| value.clone())
            }
            Self::Model(model) => match value.cast_exact::<PyDict>() {
                Ok(values) => model.build(values)?,
                Err(_) => None,
            },
            // What it refuses it refuses again, and pydantic says where that stands.
            Self::Made(make) => match make.bind(py).call1((value,)) {
                Err(error) if error.is_instance_of::<PyException>(py) => None,
                made => Some(made?),
            },
            Self::Unknown => None,
        })
    }

    /// Whether it takes what equals one of some values, of whatever class that is.
    fn is_literal(&self) -> bool {
        matches!(self, Self::Where(_, Condition::OneOf(_)))
    }

    /// The class of the values that it takes, if there is one and they are no containers.
    fn class(&self) -> Option<&Py<PyType>> {
        match self {
            Self::Exact(class, _) => Some(class),
            Self::Where(of, _) => of.class(),
            _ => None,
        }
    }
}
