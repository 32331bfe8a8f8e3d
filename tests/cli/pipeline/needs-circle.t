# A circle is told once, with its way.
# schema: accepts: a schema does not follow needs
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   a: { needs: [ c ], steps: [ { run: x } ] }
|   b: { needs: [ a ], steps: [ { run: x } ] }
|   c: { needs: [ b ], steps: [ { run: x } ] }
|   d: { needs: [ a ], steps: [ { run: x } ] }
$ slipway check
! slipway.yaml:4:3: jobs need each other in a circle: 'a' needs 'c' needs 'b' needs 'a'
!       a: { needs: [ c ], steps: [ { run: x } ] }
!       ^
= 1
