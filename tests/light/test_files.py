"""The format of saved files."""

import json
import tracemalloc
import zipfile
import zlib
from hashlib import sha256
from io import BytesIO

import numpy as np
import pytest
import safetensors.numpy
from saved import DTYPES, fitted, written

import skdnn_light
from skdnn_light.files import read, write

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def parts(content):
    """The document and the bytes of the arrays."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return json.loads(archive.read("model.json")), archive.read("arrays.safetensors")


def archive_of(document, data, **options):
    """A file of any content; the digest is right."""
    file = BytesIO()
    document = {**document, "sha256": sha256(data).hexdigest()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.json", json.dumps(document), **options)
        archive.writestr("arrays.safetensors", data, zipfile.ZIP_STORED)
    return file.getvalue()


def model(dtype="float32"):
    return written(fitted("mixed-batch", dtype)[0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_library_of_the_format_reads_the_arrays(dtype):
    _, data = parts(model(dtype))
    expected, found = read(BytesIO(model(dtype)))[1], safetensors.numpy.load(data)
    assert found.keys() == expected.keys()
    assert {str(array.dtype) for array in found.values()} == {dtype, "int64", "float64"}
    for name, array in found.items():
        np.testing.assert_array_equal(array, expected[name], strict=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_that_the_library_has_written_are_read(dtype):
    document, data = parts(model(dtype))
    data = safetensors.numpy.save(safetensors.numpy.load(data), {"note": "by the library"})
    again = skdnn_light.load(BytesIO(archive_of(document, data)))
    X = fitted("mixed-batch", dtype)[1]
    expected = skdnn_light.load(BytesIO(model(dtype))).predict_proba(X)
    np.testing.assert_array_equal(again.predict_proba(X), expected)


def test_arrays_are_aligned():
    arrays = read(BytesIO(model()))[1]
    assert all(array.flags.aligned for array in arrays.values())


def test_what_is_written_is_read():
    document, arrays = read(BytesIO(model()))
    document["task"]["classes"] = ["é", "\ud800", "日本"]
    document["task"]["class_dtype"] = "object"
    file = BytesIO()
    write(file, document, arrays)
    found, read_again = read(BytesIO(file.getvalue()))
    assert found == document
    assert read_again.keys() == arrays.keys()


def test_members_of_the_archive_have_no_date_and_can_be_extracted(tmp_path):
    with zipfile.ZipFile(BytesIO(model())) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o644}
        assert archive.testzip() is None


def test_text_that_can_be_compressed_by_much_is_stored():
    document, arrays = read(BytesIO(model()))
    document["encoding"]["labels"] = ["x" * 10**6] * len(document["encoding"]["labels"])
    file = BytesIO()
    write(file, document, arrays)
    assert read(BytesIO(file.getvalue()))[0] == document
    assert len(file.getvalue()) > 3 * 10**6


def test_a_document_that_could_not_be_read_is_not_written(monkeypatch):
    document, arrays = read(BytesIO(model()))
    monkeypatch.setattr("skdnn_light.files.MOST_JSON", 1000)
    with pytest.raises(ValueError, match=r"description of the model has .* a file can hold 1000"):
        write(BytesIO(), document, arrays)


# ---------------------------------------------------------------- what is refused


def check_refused(content, match):
    """With little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=match):
            read(BytesIO(content))
        assert tracemalloc.get_traced_memory()[1] < 20 * len(content) + 10**6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive", b"PK\x03\x04" + b"0" * 100])
def test_what_is_no_archive(content):
    check_refused(content, "Not a saved skdnn model")


def test_an_archive_of_something_else():
    file = BytesIO()
    np.savez(file, a=np.ones(3))
    check_refused(file.getvalue(), r"Not a saved skdnn model.* no model\.json in it")
    for document in ([], {}, {"format": "another"}, "text"):
        with zipfile.ZipFile(file := BytesIO(), "w") as archive:
            archive.writestr("model.json", json.dumps(document))
            archive.writestr("arrays.safetensors", b"")
        check_refused(file.getvalue(), "does not describe a model")


def test_a_large_file_of_another_kind_is_not_read(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(10**8)
    tracemalloc.start()
    with pytest.raises(ValueError, match="it is not a zip archive"):
        read(path)
    assert tracemalloc.get_traced_memory()[1] < 10**6
    tracemalloc.stop()


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nothing.skdnn")


def test_a_text_file(tmp_path):
    path = tmp_path / "text"
    path.write_text("text")
    with path.open() as file, pytest.raises(TypeError, match="a path or a binary file"):
        read(file)


@pytest.mark.parametrize("version", [2, 10**9])
def test_a_later_version(version):
    document, data = parts(model())
    content = archive_of({**document, "format_version": version, "skdnn_version": "9.1"}, data)
    check_refused(
        content, rf"by a later version of skdnn \(9\.1\).* version {version}.* up to 1\. Update"
    )


@pytest.mark.parametrize("version", [None, 0, -1, 1.0, True, "1"])
def test_no_version(version):
    document, data = parts(model())
    check_refused(archive_of({**document, "format_version": version}, data), "version")


def test_a_wrong_digest():
    document, data = parts(model())
    changed = bytearray(data)
    changed[-1] ^= 1
    with zipfile.ZipFile(file := BytesIO(), "w") as archive:
        archive.writestr("model.json", json.dumps(document))
        archive.writestr("arrays.safetensors", bytes(changed))
    check_refused(file.getvalue(), "the digest of the arrays is another one")


@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_compression(way):
    document, data = parts(model())
    check_refused(archive_of(document, data, compress_type=way), "compressed in another way")


def test_compressed_arrays():
    document, data = parts(model())
    with zipfile.ZipFile(file := BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.json", json.dumps(document))
        archive.writestr("arrays.safetensors", data)
    check_refused(file.getvalue(), "compressed in another way")


@pytest.mark.parametrize("item", ["0,", "[],", " ", '"",'])
def test_a_bomb(item):
    document, data = parts(model())
    text = json.dumps({**document, "parameters": "BOMB"}).replace('"BOMB"', f"[{item * 10**7}0]")
    assert len(zlib.compress(text.encode())) < len(text) / 100
    with zipfile.ZipFile(file := BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.json", text)
        archive.writestr("arrays.safetensors", data, zipfile.ZIP_STORED)
    check_refused(file.getvalue(), r"model\.json has more than \d+ bytes")


def test_deep_lists():
    document, data = parts(model())
    text = json.dumps({**document, "parameters": "DEEP"}).replace('"DEEP"', "[" * 10**5)
    with zipfile.ZipFile(file := BytesIO(), "w") as archive:
        archive.writestr("model.json", text)
        archive.writestr("arrays.safetensors", data)
    check_refused(file.getvalue(), "RecursionError")


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_not_of_json(constant):
    document, data = parts(model())
    document["network"]["dropout"][0] = float(constant)
    check_refused(archive_of(document, data), f"has the number {constant}")


def with_header(data, change):
    """The bytes of arrays with another header."""
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    change(header)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[begin:]


def huge_shape(header):
    header["center"]["shape"] = [2**62]


def huge_empty_shape(header):
    header["center"]["shape"] = [2**62, 0]


def negative_shape(header):
    header["center"]["shape"] = [-1, -6]


def shared_bytes(header):
    header["more"] = header["center"]


def gap(header):
    last = max(header.values(), key=lambda entry: entry["data_offsets"])
    last["data_offsets"][1] -= 4
    last["shape"][0] -= 1


def other_dtype(header):
    header["center"]["dtype"] = "I64"


def no_dtype(header):
    header["center"]["dtype"] = "O"


HEADERS = {
    huge_shape: "place of 'center'", huge_empty_shape: "place of", negative_shape: "the shape",
    shared_bytes: "place of", gap: "", other_dtype: "'center' is int64", no_dtype: "no field 'O'",
}  # fmt: skip


@pytest.mark.parametrize("change", HEADERS, ids=lambda change: change.__name__)
def test_a_wrong_header(change):
    document, data = parts(model())
    content = archive_of(document, with_header(data, change))
    check_refused(content, f"A damaged skdnn model: .*{HEADERS[change]}")


@pytest.mark.parametrize("size", [0, 7, 2**40, 2**64 - 1])
def test_a_wrong_length_of_the_header(size):
    document, data = parts(model())
    data = size.to_bytes(8, "little") + data[8:]
    check_refused(archive_of(document, data), "A damaged skdnn model")
