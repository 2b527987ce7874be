"""The documents on paper, or nearly: a laboratory's test report, a body's certificate, as PDF/A.

Values go into Typst through :mod:`reports.documents.literal` alone, so no text can become markup;
:mod:`reports.documents.typeset` makes the file. Needs the extra ``documents``.
"""
