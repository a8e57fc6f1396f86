      * The account extract with five balances: 110 bytes, fixed.
       01  ARR-ACCT-REC.
           05  ARR-ACCT-ID                   PIC 9(11).
           05  ARR-ACCT-BAL OCCURS 5 TIMES.
               10  ARR-ACCT-CURR-BAL         PIC S9(10)V99.
               10  ARR-ACCT-CURR-CYC-DEBIT   PIC S9(10)V99 COMP-3.
           05  FILLER                        PIC X(04).
