      * The standard account extract: 107 bytes, fixed.
       01  OUT-ACCT-REC.
           05  OUT-ACCT-ID                 PIC 9(11).
           05  OUT-ACCT-ACTIVE-STATUS      PIC X(01).
           05  OUT-ACCT-CURR-BAL           PIC S9(10)V99.
           05  OUT-ACCT-CREDIT-LIMIT       PIC S9(10)V99.
           05  OUT-ACCT-CASH-CREDIT-LIMIT  PIC S9(10)V99.
           05  OUT-ACCT-OPEN-DATE          PIC X(10).
           05  OUT-ACCT-EXPIRATION-DATE    PIC X(10).
           05  OUT-ACCT-REISSUE-DATE       PIC X(10).
           05  OUT-ACCT-CURR-CYC-CREDIT    PIC S9(10)V99.
           05  OUT-ACCT-CURR-CYC-DEBIT     PIC S9(10)V99 COMP-3.
           05  OUT-ACCT-GROUP-ID           PIC X(10).
