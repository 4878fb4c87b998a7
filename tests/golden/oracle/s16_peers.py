"""Write oracle.json: what independent tools read in one good file of each format.
Run with venv-l/bin/python; needs catdoc, pandoc and poppler-utils of Debian."""
import base64, datetime, email, email.policy, importlib.metadata as md, json, pathlib, re, subprocess
import docx, ebooklib, odf.opendocument, odf.teletype, olefile, openpyxl, pptx, pypdf, trafilatura
from bs4 import BeautifulSoup
from docx.table import Table
from ebooklib import epub
from striprtf.striprtf import rtf_to_text
import warnings; warnings.simplefilter("ignore")

D = pathlib.Path("/work/shared/data/ingest/unstructured_examples/example-docs")
OUT = {}
v = lambda *names: ", ".join(f"{n} {md.version(n)}" for n in names)
run = lambda *a: subprocess.run([str(x) for x in a], check=True, capture_output=True).stdout.decode("utf-8")
iso = lambda d: d.isoformat() if d else None

def put(name, tool, text, headings=(), tables=(), meta=None, pages=None, **more):
    meta = {k: x for k, x in (meta or {}).items() if x not in (None, "")}
    OUT[name] = dict(tool=tool, text=text, headings=list(headings), tables=list(tables), meta=meta, pages=pages, **more)

def core(path):
    """docProps/core.xml as it is: python-pptx and openpyxl make up an author and dates where it is absent."""
    import zipfile
    from lxml import etree
    z = zipfile.ZipFile(path)
    name = next((n for n in z.namelist() if n.lower().endswith("core.xml")), None)
    got = {etree.QName(e).localname: (e.text or "").strip() for e in etree.fromstring(z.read(name))} if name else {}
    got["author"] = got.pop("creator", None)
    return got | {"core_properties_part": name or "absent"}

def app_pages(path, tag):
    import zipfile
    z = zipfile.ZipFile(path)
    if "docProps/app.xml" in z.namelist():
        m = re.search(rf"<{tag}>(\d+)</{tag}>", z.read("docProps/app.xml").decode())
        return int(m[1]) if m else None

def f_docx(name):
    d = docx.Document(str(D / name))
    lines, heads, tables, items, breaks, styles = [], [], [], [], 0, []
    for b in d.iter_inner_content():
        if isinstance(b, Table):
            t = [[c.text for c in r.cells] for r in b.rows]
            tables.append(t); lines += ["\t".join(r) for r in t]
            continue
        lines.append(b.text)
        style = b.style.name
        styles.append([style, b.text])
        m = re.match(r"Heading (\d)", style)
        if m: heads.append([int(m[1]), b.text])
        elif style == "Title": heads.append([0, b.text])
        num = b._p.pPr.numPr if b._p.pPr is not None else None
        if num is not None or style.startswith("List"):
            items.append([num.ilvl.val if num is not None and num.ilvl is not None else 0, b.text])
        breaks += len(b.rendered_page_breaks) if hasattr(b, "rendered_page_breaks") else 0
    hf = [[k, getattr(s, k).is_linked_to_previous, "\n".join(p.text for p in getattr(s, k).paragraphs)]
          for s in d.sections for k in ("header", "footer")]
    put(name, v("python-docx"), "\n".join(lines), heads, tables, core(D / name), app_pages(D / name, "Pages"),
        list_items=items, rendered_page_breaks=breaks, paragraph_styles=styles,
        headers_footers=[h for h in hf if h[2]])

def f_doc(name):
    out = pathlib.Path("/work/scratch/peers_extract/lo")
    run("timeout", "100", "soffice", f"-env:UserInstallation=file://{out}/profile", "--headless", "--convert-to", "html:HTML (StarWriter)",
        "--outdir", out, D / name)
    text, heads, tables, items, _ = html_parts((out / name).with_suffix(".html").read_bytes())
    o = olefile.OleFileIO(str(D / name)); m = o.get_metadata()
    dec = lambda b: b.decode("cp1252", "replace").strip("\0") if isinstance(b, bytes) else b
    put(name, "catdoc 0.95 -w -d utf-8; headings, list_items and text_soffice: LibreOffice 7.4.7 to HTML; " + v("olefile") + " (metadata)", run("catdoc", "-w", "-d", "utf-8", D / name), heads, tables, list_items=items, text_soffice=text,
        meta=dict(title=dec(m.title), author=dec(m.author), subject=dec(m.subject), created=iso(m.create_time),
                  modified=iso(m.last_saved_time), application=dec(m.creating_application)), pages=m.num_pages or None)

def f_odt(name):
    d = odf.opendocument.load(str(D / name)); lines, heads, tables, items = [], [], [], []
    txt = odf.teletype.extractText
    attr = lambda n, k: next((x for (ns, a), x in n.attributes.items() if a == k), None)
    def walk(node, depth=0):
        for c in node.childNodes:
            t = getattr(c, "tagName", "")
            if t == "text:h": heads.append([int(attr(c, "outline-level")), txt(c)]); lines.append(txt(c))
            elif t == "text:p":
                lines.append(txt(c))
                if depth: items.append([depth - 1, txt(c)])
            elif t == "table:table":
                rows = [[txt(cell) for cell in r.childNodes if cell.tagName == "table:table-cell"]
                        for r in d_all(c, "table:table-row")]
                tables.append(rows); lines.extend("\t".join(r) for r in rows)
            else: walk(c, depth + (t == "text:list"))
    def d_all(n, t):
        for c in n.childNodes:
            if getattr(c, "tagName", "") == t: yield c
            else: yield from d_all(c, t)
    walk(d.body)
    meta = {c.tagName: txt(c) for c in d.meta.childNodes if getattr(c, "tagName", "").split(":")[0] in ("dc", "meta") and txt(c)}
    stat = [c for c in d.meta.childNodes if getattr(c, "tagName", "") == "meta:document-statistic"]
    pages = int(attr(stat[0], "page-count")) if stat and attr(stat[0], "page-count") else None
    put(name, v("odfpy"), "\n".join(lines), heads, tables, meta, pages, list_items=items)

def f_pptx(name):
    d = pptx.Presentation(str(D / name)); slides, heads, tables, items = [], [], [], []
    def walk(shapes, lines):
        for s in shapes:
            if s.shape_type == 6: walk(s.shapes, lines)
            elif s.has_text_frame:
                for p in s.text_frame.paragraphs:
                    lines.append(p.text)
                    if p.level or (s.is_placeholder and s.placeholder_format.type in (2, 7)): items.append([p.level, p.text])
            elif s.has_table:
                t = [[c.text for c in r.cells] for r in s.table.rows]
                tables.append(t); lines += ["\t".join(r) for r in t]
    notes = []
    for s in d.slides:
        lines = []
        walk(s.shapes, lines)
        slides.append("\n".join(lines))
        if s.shapes.title is not None: heads.append([1, s.shapes.title.text])
        notes.append(s.notes_slide.notes_text_frame.text if s.has_notes_slide and s.notes_slide.notes_text_frame is not None else "")
    put(name, v("python-pptx"), "\n\n".join(slides), heads, tables, core(D / name), len(slides), slides=slides,
        notes=notes, list_items=items)

def cell(x):
    if x is None: return ""
    if isinstance(x, (datetime.date, datetime.datetime, datetime.time)): return x.isoformat()
    return str(x)

def f_xlsx(name):
    b = openpyxl.load_workbook(D / name, data_only=True); heads, tables, lines, sheets = [], [], [], []
    general = []
    formulas = openpyxl.load_workbook(D / name)
    for s in b:
        rows = [[cell(c) for c in r] for r in s.iter_rows(values_only=True)]
        while rows and not any(rows[-1]): rows.pop()
        heads.append([1, s.title]); tables.append(rows); lines += [s.title] + ["\t".join(r) for r in rows]
        general.append([[re.sub(r"^(-?\d+)\.0$", r"\1", c) for c in r] for r in rows])
        sheets.append(dict(title=s.title, state=s.sheet_state, dimensions=s.dimensions, merged=[str(m) for m in s.merged_cells.ranges],
            formulas=sum(isinstance(c.value, str) and c.value.startswith("=") for r in formulas[s.title].iter_rows() for c in r),
            formats=sorted({c.number_format for r in s.iter_rows() for c in r if c.value is not None})))
    put(name, v("openpyxl") + " data_only (raw values, not the displayed format)", "\n".join(lines), heads, tables,
        core(D / name),
        len(sheets), sheets=sheets, tables_general=general)

def html_parts(data, encoding=None):
    s = BeautifulSoup(data, "lxml", from_encoding=encoding)
    for br in s.find_all("br"): br.append("\n")
    cells = lambda n: [x.append(" ") for x in n.find_all(["p", "div", "td", "th", "li", "tr"])] and n or n
    norm = lambda n: " ".join(cells(n).get_text("").split())
    root = s.body or s
    text = html_text(root)
    heads = [[int(h.name[1]), norm(h)] for h in s.find_all(re.compile("^h[1-6]$"))]
    tables = [[[norm(c) for c in r.find_all(["td", "th"]) if c.find_parent("table") is t]
               for r in t.find_all("tr") if r.find_parent("table") is t] for t in s.find_all("table")]
    items = [[len(li.find_parents(["ul", "ol"])) - 1, norm(li)] for li in s.find_all("li")]
    meta = dict(title=s.title and s.title.get_text().strip(), language=s.html and s.html.get("lang"), encoding=s.original_encoding)
    for m in s.find_all("meta"):
        if m.get("name"): meta["meta:" + m["name"].lower()] = m.get("content")
    return text, heads, tables, items, meta

def html_text(root):
    block = set("p div br tr table h1 h2 h3 h4 h5 h6 li ul ol pre blockquote hr section article header footer dt dd center body".split())
    out = []
    def walk(n):
        for c in n.children:
            if c.name is None:
                if type(c).__name__ == "NavigableString": out.append(str(c))
            elif c.name not in ("script", "style", "noscript", "template"):
                if c.name in block: out.append("\n")
                if c.name in ("td", "th"): out.append("\t")
                walk(c)
                if c.name in block: out.append("\n")
    walk(root)
    return "\n".join(l for l in (re.sub(r"[ \r\f\v\u00a0]+", " ", re.sub(r" ?\t[ \t]*", "\t", x)).strip()
                                 for x in "".join(out).split("\n")) if l)

def f_html(name):
    data = (D / name).read_bytes()
    text, heads, tables, items, meta = html_parts(data, "cp1252" if "cp1252" in name else None)
    put(name, v("beautifulsoup4", "lxml") + "; text_main: " + v("trafilatura"), text, heads, tables, meta, list_items=items,
        text_main=trafilatura.extract(data.decode("cp1252" if "cp1252" in name else "utf-8"), include_comments=False))
    # with no charset declared, bs4 alone guesses windows-1250 for fake-html-cp1252.html; the name of the file is believed

def f_epub(name):
    b = epub.read_epub(str(D / name)); texts, heads, tables, items = [], [], [], []
    for idref, linear in b.spine:
        item = b.get_item_with_id(idref)
        if item is None: continue
        t, h, tb, it, _ = html_parts(item.get_content())
        texts.append(dict(file=item.file_name, linear=linear, text=t)); heads += h; tables += tb; items += it
    def toc(nodes, level=1):
        for n in nodes:
            if isinstance(n, tuple): yield [level, n[0].title]; yield from toc(n[1], level + 1)
            else: yield [level, n.title]
    meta = {}
    for ns, fields in b.metadata.items():
        for k, values in fields.items():
            if ns and "purl.org" in ns: meta[k] = "; ".join(str(x[0]) for x in values)
    meta["author"] = meta.get("creator")
    put(name, v("EbookLib", "beautifulsoup4", "lxml"), "\n\n".join(t["text"] for t in texts if t["text"]), heads, tables, meta,
        len(texts), toc=list(toc(b.toc)), spine=[dict(file=t["file"], linear=t["linear"], characters=len(t["text"])) for t in texts], list_items=items)

PANDOC = run("pandoc", "--version").split("\n")[0]
def f_pandoc(name, fmt):
    plain = run("pandoc", "-f", fmt, "-t", "plain", "--wrap=none", D / name)
    _, heads, tables, items, _ = html_parts(run("pandoc", "-f", fmt, "-t", "html", "--wrap=none", D / name))
    meta = json.loads(run("pandoc", "-f", fmt, "-t", "json", D / name))["meta"]
    flat = lambda n: n["c"] if n.get("t") == "Str" else " " if n.get("t") == "Space" else "".join(map(flat, n["c"])) if isinstance(n.get("c"), list) else ""
    if fmt == "rtf" and tables:  # pandoc 2.17 makes one row of all rows; striprtf keeps the rows
        tables = [[l.rstrip("|").split("|") for l in rtf_to_text((D / name).read_bytes().decode("latin-1")).splitlines() if l.endswith("|")]]
    more = dict(text_striprtf=rtf_to_text((D / name).read_bytes().decode("latin-1"), errors="ignore")) if fmt == "rtf" else {}
    put(name, f"{PANDOC} -f {fmt} -t plain --wrap=none" + ("; text_striprtf and tables: " + v("striprtf") if more else ""), plain, heads, tables,
        {k: flat(x) for k, x in meta.items()}, list_items=items, **more)

def f_eml(name, codec=None):
    data = (D / name).read_bytes()
    pol = email.policy.default
    m = email.message_from_string(data.decode(codec), policy=pol) if codec else email.message_from_bytes(data, policy=pol)
    plain, htmls, attachments = [], [], []
    for p in m.walk():
        if p.is_multipart(): continue
        ct, fn = p.get_content_type(), p.get_filename()
        body = p.get_content() if ct.startswith("text/") else None
        if fn or p.get_content_disposition() == "attachment":
            attachments.append(dict(name=fn, type=ct, disposition=p.get_content_disposition(), bytes=len(p.get_payload(decode=True) or b""), text=body))
        elif ct == "text/plain": plain.append(body)
        elif ct == "text/html": htmls.append(body)
    text, heads, tables, items, _ = html_parts("\n".join(htmls)) if htmls else ("", [], [], [], {})
    date = m["date"].datetime if m["date"] else None
    put(name, f"python {'.'.join(map(str, __import__('sys').version_info[:3]))} email" + (f" (decoded as {codec} first)" if codec else "") + ("; " + v("beautifulsoup4") if htmls else ""),
        "\n".join(plain) if plain else text, heads, tables,
        dict(title=str(m["subject"] or ""), author=str(m["from"] or ""), to=str(m["to"] or ""), cc=str(m["cc"] or ""), date=iso(date), message_id=str(m["message-id"] or "")),
        text_html=text, attachments=attachments, parts=[[p.get_content_type(), p.get_content_charset()] for p in m.walk()])

def f_pdf(name):
    raw = run("pdftotext", "-enc", "UTF-8", D / name, "-"); pages = raw.split("\f")[:-1]
    info = dict(l.split(":", 1) for l in run("pdfinfo", "-isodates", D / name).splitlines() if ":" in l)
    info = {k: x.strip() for k, x in info.items()}
    heads = []
    r = pypdf.PdfReader(D / name)
    def outline(nodes, level=1):
        for n in nodes:
            if isinstance(n, list): outline(n, level + 1)
            else: heads.append([level, n.title])
    outline(r.outline)
    put(name, run("sh", "-c", "pdftotext -v 2>&1 | head -1").strip() + " (default mode, reading order); headings: bookmarks by " + v("pypdf"), raw, heads, (),
        dict(title=info.get("Title"), author=info.get("Author"), subject=info.get("Subject"), created=info.get("CreationDate"),
             modified=info.get("ModDate"), producer=info.get("Producer"), tagged=info.get("Tagged"), encrypted=info.get("Encrypted")),
        int(info["Pages"]), page_texts=pages, text_layout=run("pdftotext", "-layout", "-enc", "UTF-8", D / name, "-"))

for n in ("simple.docx", "fake_table.docx", "handbook-1p.docx"): f_docx(n)
for n in ("fake.doc", "simple.doc"): f_doc(n)
f_odt("fake.odt"); f_odt("simple.odt")
for n in ("fake-power-point-table.pptx", "sample-presentation.pptx"): f_pptx(n)
for n in ("stanley-cups.xlsx", "vodafone.xlsx"): f_xlsx(n)
f_epub("winter-sports.epub")
f_pandoc("fake-doc.rtf", "rtf"); f_pandoc("language-docs/eng_spa_mult.rtf", "rtf"); f_pandoc("README.md", "gfm")
for n in ("fake-email-attachment", "mime-different-plain-html", "email-no-utf8-2008-07-16.062410"): f_eml(f"eml/{n}.eml")
f_eml("eml/fake-email-utf-16.eml", "utf-16")
for n in ("layout-parser-paper-fast", "fake-memo", "multi-column-2p"): f_pdf(f"pdf/{n}.pdf")
for n in ("fake-html-cp1252.html", "example-10k-1p.html", "ideas-page.html"): f_html(n)
for n, c in (("fake-text-utf-16-be.txt", "utf-16-be"), ("fake-text-utf-32.txt", "utf-32")):
    put(n, f"python codec {c}", (D / n).read_bytes().decode(c).lstrip("\ufeff"), meta=dict(encoding=c))
raw = (D / "hebrew-text-base64-iso88598i.txt").read_bytes()
put("hebrew-text-base64-iso88598i.txt", "python ascii; text_decoded: base64 then iso-8859-8", raw.decode("ascii"),
    meta=dict(encoding="ascii"), text_decoded=base64.b64decode(raw).decode("iso-8859-8"))
pathlib.Path("/work/scratch/peers_extract/oracle.json").write_text(json.dumps(OUT, ensure_ascii=False, indent=1))
for n, o in OUT.items():
    print(n, "|", o["tool"][:40], "| chars", len(o["text"]), "| heads", len(o["headings"]), "| tables", [(len(t), max(map(len, t), default=0)) for t in o["tables"]][:6],
          "| lists", len(o.get("list_items", [])), "| pages", o["pages"], "|", {k: str(x)[:40] for k, x in o["meta"].items()})
