"""Write docs/hostile-files.md anew from the table."""

from tests.hostile.document import DOCUMENT, document

DOCUMENT.write_text(document(), encoding="utf-8")
