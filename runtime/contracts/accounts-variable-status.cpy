      * The first of an account's two variable records: 12 bytes.
       01  VBRC-REC1.
           05  VB1-ACCT-ID                 PIC 9(11).
           05  VB1-ACCT-ACTIVE-STATUS      PIC X(01).
