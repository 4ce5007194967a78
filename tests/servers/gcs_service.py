"""What a Google Cloud Storage server does with a request, in memory.

Written for the tests of this project from Google's published description of the API, because
no strict server can be installed from a package index. It is strict where real servers are and
where mistakes would hide: preconditions, checksums, ranges, offsets of resumable uploads,
permissions, limits of pages and batches. A parameter that it does not know is an error and never
ignored. What the tests do not need, it does not have: versions, ACLs of single things, rewriting.
"""

import base64
import json
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from gcs_fields import pick
from gcs_model import Answer, Bucket, RefusedError, Request, Thing, Upload, as_json, resource
from gcs_multipart import Multipart, is_xml, xml
from gcs_uploads import check_sums, content_range, keep, parse_multipart

MOST_LISTED = 1000
ROLES = {
    "roles/storage.objectViewer": {"get", "list"},
    "roles/storage.legacyObjectReader": {"get"},
    "roles/storage.objectCreator": {"create"},
    "roles/storage.objectUser": {"get", "list", "create", "delete"},
    "roles/storage.objectAdmin": {"get", "list", "create", "delete"},
}


class Service:
    """The state of the server, and its operations. One lock: each is done alone."""

    def __init__(self, roles: Mapping[str, set[str]]) -> None:
        self._roles = {**ROLES, **roles}
        self._buckets: dict[str, Bucket] = {}
        self._uploads: dict[str, Upload] = {}
        self._lock = threading.RLock()
        self.requests: list[str] = []
        thing = r"/storage/v1/b/(?P<bucket>[^/]+)/o/(?P<name>[^/]+)"
        self._routes: list[tuple[str, str, set[str], Callable[..., Answer]]] = [
            ("POST", r"/storage/v1/b", {"project"}, self._insert_bucket),
            ("GET", r"/storage/v1/b/(?P<bucket>[^/]+)", {"projection"}, self._get_bucket),
            (
                "GET",
                r"/storage/v1/b/(?P<bucket>[^/]+)/iam",
                {"optionsRequestedPolicyVersion"},
                self._get_policy,
            ),
            ("PUT", r"/storage/v1/b/(?P<bucket>[^/]+)/iam", set(), self._set_policy),
            (
                "GET",
                r"/storage/v1/b/(?P<bucket>[^/]+)/o",
                {"prefix", "maxResults", "pageToken", "projection", "fields"},
                self._list,
            ),
            (
                "GET",
                thing,
                {"alt", "projection", "fields", "generation", *PRECONDITIONS},
                self._get,
            ),
            ("GET", "/download" + thing, {"alt", "generation", *PRECONDITIONS}, self._get),
            ("DELETE", thing, {"generation", *PRECONDITIONS}, self._delete),
            (
                "POST",
                r"/upload/storage/v1/b/(?P<bucket>[^/]+)/o",
                {"uploadType", "name", "fields", *PRECONDITIONS},
                self._insert,
            ),
            ("PUT", r"/upload/storage/v1/b/(?P<bucket>[^/]+)/o", UPLOAD_QUERY, self._append),
            ("DELETE", r"/upload/storage/v1/b/(?P<bucket>[^/]+)/o", UPLOAD_QUERY, self._cancel),
        ]
        parts = Multipart(self)
        named = r"/(?P<bucket>[^/]+)/(?P<name>.+)"
        self._routes += [
            ("POST", named, {"uploads", "uploadId"}, parts.post),
            ("PUT", named, {"partNumber", "uploadId"}, parts.put),
            ("GET", named, {"uploadId", "part-number-marker", "max-parts"}, parts.get),
            ("DELETE", named, {"uploadId"}, parts.delete),
            ("GET", r"/(?P<bucket>[^/]+)/?", {"uploads", "prefix"}, parts.listed),
        ]

    def answer(self, request: Request) -> Answer:
        """Do what a request asks for."""
        with self._lock:
            self.requests.append(f"{request.method} {request.path}")
            try:
                return self._dispatch(request)
            except RefusedError as refusal:
                return self._failed(request, refusal)

    def _dispatch(self, request: Request) -> Answer:
        for method, pattern, known, operation in self._routes:
            match = re.fullmatch(pattern, request.path)
            if match is None or method != request.method:
                continue
            unknown = request.query.keys() - known - {"prettyPrint"}
            if unknown:
                raise RefusedError(400, "invalidParameter", f"not known here: {sorted(unknown)}")
            if request.is_cut and operation != self._append:
                raise RefusedError(400, "badRequest", "the request was cut short")
            return operation(request, **{k: unquote(v) for k, v in match.groupdict().items()})
        raise RefusedError(404, "notFound", "Not Found")

    def _failed(self, request: Request, refusal: RefusedError) -> Answer:
        if is_xml(request.path):
            is_digest = refusal.message.startswith("Provided ")
            code = "BadDigest" if is_digest else refusal.reason
            fields = {"Code": code, "Message": refusal.message}
            return xml("Error", fields, refusal.status, "")
        if request.query.get("alt") == "media":
            return Answer(
                refusal.status,
                refusal.message.encode(),
                {"Content-Type": "text/html; charset=UTF-8"},
            )
        detail = {"message": refusal.message, "domain": "global", "reason": refusal.reason}
        headers = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else {}
        return as_json(
            refusal.status,
            {"error": {"code": refusal.status, "message": refusal.message, "errors": [detail]}},
            headers,
        )

    # Buckets

    def _insert_bucket(self, request: Request) -> Answer:
        if "project" not in request.query:
            raise RefusedError(400, "required", "Required parameter: project")
        name = str(json.loads(request.body)["name"])
        if name in self._buckets:
            raise RefusedError(
                409, "conflict", "Your previous request to create the named bucket succeeded"
            )
        policy: list[dict[str, object]] = [
            {"role": "roles/storage.objectAdmin", "members": [request.caller]}
        ]
        self._buckets[name] = Bucket(name, policy)
        return self._get_bucket(request, name)

    def _get_bucket(self, request: Request, bucket: str) -> Answer:
        return as_json(
            200, {"kind": "storage#bucket", "id": bucket, "name": self._found(bucket).name}
        )

    def _get_policy(self, request: Request, bucket: str) -> Answer:
        policy = self._found(bucket).policy
        return as_json(
            200, {"kind": "storage#policy", "version": 1, "bindings": policy, "etag": "CAE="}
        )

    def _set_policy(self, request: Request, bucket: str) -> Answer:
        bindings = json.loads(request.body).get("bindings", [])
        if unknown := {binding["role"] for binding in bindings} - self._roles.keys():
            raise RefusedError(400, "invalid", f"roles not known here: {sorted(unknown)}")
        self._found(bucket).policy = bindings
        return self._get_policy(request, bucket)

    def _found(self, bucket: str) -> Bucket:
        try:
            return self._buckets[bucket]
        except KeyError:
            raise RefusedError(404, "notFound", "The specified bucket does not exist.") from None

    def allowed(self, request: Request, bucket: str, permission: str) -> Bucket:
        """Return a bucket in which the caller may do something."""
        place = self._found(bucket)
        self._allow(request.caller, place, permission)
        return place

    def _allow(self, caller: str, bucket: Bucket, permission: str) -> None:
        for binding in bucket.policy:
            members = binding["members"]
            assert isinstance(members, list)
            if permission in self._roles[str(binding["role"])] and {caller, "allUsers"} & {
                *members
            }:
                return
        access = f"storage.objects.{permission} access to the Google Cloud Storage object."
        if caller == "allUsers":
            raise RefusedError(401, "required", f"Anonymous caller does not have {access}")
        raise RefusedError(403, "forbidden", f"{caller.partition(':')[2]} does not have {access}")

    # What buckets hold

    def _list(self, request: Request, bucket: str) -> Answer:
        place = self._found(bucket)
        self._allow(request.caller, place, "list")
        most = int(request.query.get("maxResults", MOST_LISTED))
        after = base64.b64decode(request.query.get("pageToken", ""))
        prefix = request.query.get("prefix", "")
        names = sorted(
            (name for name in place.things if name.startswith(prefix) and name.encode() > after),
            key=str.encode,
        )
        page = names[: min(most, MOST_LISTED)]
        value: dict[str, object] = {"kind": "storage#objects"}
        if page:
            value["items"] = [resource(bucket, place.things[name]) for name in page]
        if len(page) < len(names):
            value["nextPageToken"] = base64.b64encode(page[-1].encode()).decode()
        return as_json(200, pick(value, request.query.get("fields", "*")))

    def _get(self, request: Request, bucket: str, name: str) -> Answer:
        place = self._found(bucket)
        self._allow(request.caller, place, "get")
        thing = place.things.get(name)
        if thing is None or request.query.get("generation", str(thing.generation)) != str(
            thing.generation
        ):
            raise RefusedError(404, "notFound", f"No such object: {bucket}/{name}")
        check_preconditions(request.query, thing)
        if request.query.get("alt", "json") == "media":
            return media(thing, request.headers.get("range", ""))
        return as_json(200, pick(resource(bucket, thing), request.query.get("fields", "*")))

    def _delete(self, request: Request, bucket: str, name: str) -> Answer:
        place = self._found(bucket)
        self._allow(request.caller, place, "delete")
        thing = place.things.get(name)
        if thing is None:
            raise RefusedError(404, "notFound", f"No such object: {bucket}/{name}")
        check_preconditions(request.query, thing)
        del place.things[name]
        return Answer(204)

    # Uploads

    def _insert(self, request: Request, bucket: str) -> Answer:
        place = self._found(bucket)
        self._allow(request.caller, place, "create")
        kind = request.query.get("uploadType", "")
        if kind == "media":
            described: dict[str, object] = {}
            data, content_type = request.body, request.headers.get("content-type", "")
        elif kind == "multipart":
            described, data, content_type = parse_multipart(request)
        elif kind == "resumable":
            return self._begin(request, bucket)
        else:
            raise RefusedError(400, "invalid", f"uploadType {kind!r}")
        if "name" in request.query:
            described["name"] = request.query["name"]
        thing = self.store(place, described, data, content_type, request)
        return as_json(200, resource(bucket, thing))

    def store(
        self,
        place: Bucket,
        described: Mapping[str, object],
        data: bytes,
        content_type: str,
        request: Request,
    ) -> Thing:
        """Put content under a name."""
        name = described.get("name")
        if not isinstance(name, str) or not name or len(name.encode()) > 1024 or "\n" in name:
            raise RefusedError(400, "required", "Required")
        there = place.things.get(name)
        check_preconditions(request.query, there)
        if there is not None:
            self._allow(request.caller, place, "delete")
        metadata = described.get("metadata", {})
        assert isinstance(metadata, dict)
        thing = Thing(
            name,
            data,
            str(described.get("contentType") or content_type),
            metadata,
            str(described.get("contentEncoding", "")),
        )
        check_sums(described, request.headers.get("x-goog-hash", ""), thing)
        place.things[name] = thing
        return thing

    def _begin(self, request: Request, bucket: str) -> Answer:
        described = json.loads(request.body or b"{}")
        if "name" in request.query:
            described["name"] = request.query["name"]
        check_preconditions(request.query, self._found(bucket).things.get(described.get("name")))
        announced = request.headers.get("x-upload-content-length")
        described.setdefault("contentType", request.headers.get("x-upload-content-type", ""))
        upload_id = secrets.token_urlsafe(24)
        self._uploads[upload_id] = Upload(
            bucket,
            described,
            request.query,
            request.caller,
            None if announced is None else int(announced),
        )
        query = f"uploadType=resumable&upload_id={upload_id}"
        location = f"http://{request.headers['host']}{request.path}?{query}"
        return Answer(200, b"", {"Location": location, "X-GUploader-UploadID": upload_id})

    def _append(self, request: Request, bucket: str) -> Answer:
        upload = self._upload(request)
        if upload.result is not None:
            return as_json(200, resource(bucket, upload.result))
        first, total = content_range(request)
        if total is not None and upload.announced not in {None, total}:
            raise RefusedError(
                400, "badRequest", f"{upload.announced} bytes were announced, not {total}"
            )
        if first is not None:
            keep(upload, first, total, request)
        if total is None or len(upload.data) < total:
            kept = {"Range": f"bytes=0-{len(upload.data) - 1}"} if upload.data else {}
            return Answer(308, b"", kept)
        described = {"name": None, **upload.resource}
        whole = Request(
            request.method, request.path, upload.query, request.headers, b"", upload.caller
        )
        upload.result = self.store(self._found(bucket), described, bytes(upload.data), "", whole)
        upload.data.clear()
        return as_json(200, resource(bucket, upload.result))

    def _cancel(self, request: Request, bucket: str) -> Answer:
        self._upload(request)
        del self._uploads[request.query["upload_id"]]
        return Answer(499)

    def _upload(self, request: Request) -> Upload:
        try:
            return self._uploads[request.query["upload_id"]]
        except KeyError:
            raise RefusedError(404, "notFound", "no such upload") from None


PRECONDITIONS = {"ifGenerationMatch", "ifGenerationNotMatch"}
UPLOAD_QUERY = {"uploadType", "upload_id", "name", "fields", *PRECONDITIONS}


def check_preconditions(query: Mapping[str, str], thing: Thing | None) -> None:
    generation = str(thing.generation) if thing is not None else "0"
    if query.get("ifGenerationMatch", generation) != generation:
        raise RefusedError(
            412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold."
        )
    if query.get("ifGenerationNotMatch") == generation:
        raise RefusedError(304, "notModified", "Not Modified")


def media(thing: Thing, span: str) -> Answer:
    """Return the content, or the part of it that a `Range` header asks for."""
    size = len(thing.data)
    headers = {
        "Content-Type": thing.content_type,
        "ETag": f'"{thing.generation}"',
        "X-Goog-Generation": str(thing.generation),
        "X-Goog-Hash": f"crc32c={thing.crc32c},md5={thing.md5}",
        "X-Goog-Stored-Content-Length": str(size),
        "X-Goog-Stored-Content-Encoding": thing.encoding or "identity",
    }
    if thing.encoding:
        headers["Content-Encoding"] = thing.encoding
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", span)
    if match is None or match[0] == "bytes=-":
        return Answer(200, thing.data, headers)
    if match[1]:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
    else:
        first, last = max(0, size - int(match[2])), size - 1
    if first > last:
        raise RefusedError(416, "requestedRangeNotSatisfiable", "Request range not satisfiable")
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Answer(206, thing.data[first : last + 1], headers)
