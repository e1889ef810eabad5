"""Drives a running FHIR API with a real client (fhirclient, FHIR 4.0.1), and validates every answer with fhir.resources
(its R4B models, in which the types that are served here are as in R4).

Reads where the API is, and who may sign in, from standard input as JSON. Ends with a line that says how much was judged;
ends with an error as soon as anything is not as it should be.
"""

import collections
import importlib
import json
import sys

import requests
from fhir.resources.R4B import get_fhir_model_class
from fhirclient import client
from fhirclient.models.fhirabstractbase import FHIRValidationError
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRNotFoundException, FHIRPermissionDeniedException, FHIRUnauthorizedException

given = json.load(sys.stdin)
valid = collections.Counter()
checks = 0


def check(good, what):
    global checks
    checks += 1
    if not good:
        raise AssertionError(what)


def validate(response, *_args, **_kwargs):
    """Every answer with a body is FHIR, says so, and is valid; so is everything in it."""
    if not response.content:
        return
    kind = response.headers["content-type"]
    check(kind.startswith("application/fhir+json"), f"{response.url}: {kind}")
    judge(response.json(), response.url)


def judge(resource, where):
    name = resource["resourceType"]
    try:
        get_fhir_model_class(name).model_validate(resource)
    except Exception as error:
        raise AssertionError(f"{where}: {name} is not valid: {error}\n{json.dumps(resource, indent=1)}") from error
    valid[name] += 1
    for entry in resource.get("entry", []):
        if "resource" in entry:
            judge(entry["resource"], where)


def model(name):
    return getattr(importlib.import_module(f"fhirclient.models.{name.lower()}"), name)


def connect(role):
    smart = client.FHIRClient(settings={"app_id": "galeno-test", "api_base": given["base"]})
    session = smart.server.session
    session.hooks["response"].append(validate)
    if role:
        session.headers["Authorization"] = "Bearer " + given["tokens"][role]
    return smart.server


def status(call):
    try:
        call()
    except requests.HTTPError as error:
        return error.response.status_code
    return 200


physician, reception = connect("physician"), connect("receptionist")
auditor, patient, nobody = connect("auditor"), connect("patient"), connect(None)
ids = given["ids"]

# What the server says about itself.
statement = nobody.capabilityStatement
check(statement.fhirVersion == "4.0.1", "the version")
stated = {resource.type for resource in statement.rest[0].resource}
check(set(ids) | {"AuditEvent"} == stated, f"types: {stated}")

# Each type: read, and found again by searching.
for name, identifier in ids.items():
    kind = model(name)
    one = kind.read(identifier, physician)
    check(one.id == identifier, f"{name} is read")
    if name == "Slot":
        struct = {"schedule": one.schedule.reference}
    elif name in ("Practitioner", "Organization", "Location", "Schedule", "Patient"):
        struct = {"_id": identifier}
    else:
        struct = {"patient": "Patient/" + ids["Patient"]}
    found = list(kind.where(struct).perform_resources_iter(physician))
    check(identifier in [other.id for other in found if other.resource_type == name], f"{name} is found")
    again = next(other for other in found if other.id == identifier)
    check(again.as_json() == one.as_json(), f"{name} is the same when it is found")
    history = physician.request_json(f"{name}/{identifier}/_history") if name != "Slot" else None
    check(history is None or history["total"] >= 1, f"{name} has a history")

# Page after page.
search = Patient.where({"family": "Paginada", "_count": "3", "_total": "accurate"})
pages = list(search.perform_iter(reception))
check([len(page.entry) for page in pages] == [3, 3, 1], "pages")
check(all(page.total == 7 for page in pages), "the total on every page")
names = [entry.resource.name[0].given[0] for page in pages for entry in page.entry]
check(sorted(names) == [f"Eva {number}" for number in range(7)], names)

# What is beside.
observation = model("Observation")
found = list(
    observation.where({"patient": ids["Patient"], "code": "http://loinc.org|8480-6"})
    .include("subject")
    .include("encounter")
    .perform_resources_iter(physician)
)
check([one.resource_type for one in found] == ["Observation", "Patient", "Encounter"], "includes")
check(found[0].valueQuantity.value == 128.5 and found[0].valueQuantity.code == "mm[Hg]", "a quantity")

# Made by the client's own models.
new = Patient(
    {
        "name": [{"family": "Vidal Soler", "given": ["Núria"]}],
        "gender": "female",
        "birthDate": "1975-09-30",
        "identifier": [{"system": "urn:oid:1.3.6.1.4.1.19126.3", "value": "87654321X"}],
        "telecom": [{"system": "phone", "value": "+34600000001"}],
    }
)
made = Patient(new.create(reception))
check(made.identifier[0].value == "87654321X", "created")
made.address = [model("Address")({"line": ["Calle Mayor 1"], "postalCode": "42001"})]
check(status(lambda: made.update(reception)) == 428, "without If-Match")
reception.session.headers["If-Match"] = 'W/"7"'
check(status(lambda: made.update(reception)) == 412, "with another version")
reception.session.headers["If-Match"] = f'W/"{made.meta.versionId}"'
changed = Patient(made.update(reception))
check(changed.meta.versionId == "2" and changed.address[0].line == ["Calle Mayor 1"], "changed")
del reception.session.headers["If-Match"]
check(status(lambda: new.create(reception)) == 409, "the same document twice")
reception.session.headers["If-None-Exist"] = "identifier=urn:oid:1.3.6.1.4.1.19126.3|87654321X"
check(Patient(new.create(reception)).id == made.id, "not created again")
del reception.session.headers["If-None-Exist"]

appointment = model("Appointment")


def booking(slot):
    return appointment(
        {
            "status": "booked",
            "slot": [{"reference": "Slot/" + slot}],
            "participant": [
                {"actor": {"reference": "Patient/" + ids["Patient"]}, "status": "accepted"},
                {"actor": {"reference": "Practitioner/" + given["practitioner"]}, "status": "accepted"},
            ],
        }
    )


booked = appointment(booking(given["free"][0]).create(reception))
check(status(lambda: booking(given["free"][0]).create(reception)) == 409, "a slot is booked once")
slot = model("Slot").read(given["free"][0], reception)
check(slot.status == "busy" and slot.start.as_json() == booked.start.as_json(), "the slot is taken")
booked.slot[0].reference = "Slot/" + given["free"][1]
booked.start = booked.end = None
reception.session.headers["If-Match"] = f'W/"{booked.meta.versionId}"'
moved = appointment(booked.update(reception))
moved.status = "cancelled"
reception.session.headers["If-Match"] = f'W/"{moved.meta.versionId}"'
check(appointment(moved.update(reception)).status == "cancelled", "moved and cancelled")
del reception.session.headers["If-Match"]

request = model("MedicationRequest")
prescribed = request.read(ids["MedicationRequest"], physician)
check(prescribed.dosageInstruction[0].text == "1 comprimido, oral, cada 8 horas, 7 d", "directions")
draft = prescribed.as_json()
for made_by_server in ("id", "meta", "identifier", "authoredOn"):
    del draft[made_by_server]
del draft["dispenseRequest"]["validityPeriod"]
draft["status"] = "draft"
draft["medicationCodeableConcept"] = {
    "coding": [{"system": "http://www.whocc.no/atc", "code": "C09AA02"}],
    "text": "Enalapril 10 mg",
}
drafted = request(request(draft).create(physician))
drafted.status = "active"
physician.session.headers["If-Match"] = f'W/"{drafted.meta.versionId}"'
signed = request(drafted.update(physician))
check(signed.status == "active" and signed.identifier[0].value, "signed")
del physician.session.headers["If-Match"]

# Everything about a patient.
everything = model("Bundle").read_from(f"Patient/{ids['Patient']}/$everything", physician)
kinds = {entry.resource.resource_type for entry in everything.entry}
check({"Patient", "Condition", "AllergyIntolerance", "Encounter", "Observation", "MedicationRequest", "Appointment", "Consent"} == kinds, kinds)

# Who may not, is told so in FHIR.
for server, path, refusal in [
    (nobody, "Patient/" + ids["Patient"], FHIRUnauthorizedException),
    (reception, "Condition/" + ids["Condition"], FHIRPermissionDeniedException),
    (physician, "Patient/" + ids["Condition"], FHIRNotFoundException),
]:
    try:
        server.request_json(path)
        check(False, f"{path} was not refused")
    except refusal as error:
        check(error.response.json()["resourceType"] == "OperationOutcome", "an outcome")

# The access log, for the auditor and for the patient.
event = model("AuditEvent")
for server in (auditor, patient):
    bundle = event.where({"patient": "Patient/" + ids["Patient"], "_count": "20"})._read_bundle(server) if server is patient else (
        event.where({"date": "ge2020", "_count": "20"})._read_bundle(server)
    )
    check(len(bundle.entry) == 20, "the access log")

# The client's validation is no formality: it refuses what is no FHIR.
try:
    Patient({"birthDate": 1})
    check(False, "fhirclient validates nothing")
except FHIRValidationError:
    check(True, "")
try:
    get_fhir_model_class("Patient").model_validate({"resourceType": "Patient", "gender": 7})
    check(False, "fhir.resources validates nothing")
except ValueError:
    check(True, "")

print(json.dumps({"checks": checks, "valid": valid}))
