      * The second of an account's two variable records: 39 bytes.
       01  VBRC-REC2.
           05  VB2-ACCT-ID                 PIC 9(11).
           05  VB2-ACCT-CURR-BAL           PIC S9(10)V99.
           05  VB2-ACCT-CREDIT-LIMIT       PIC S9(10)V99.
           05  VB2-ACCT-REISSUE-YYYY       PIC X(04).
