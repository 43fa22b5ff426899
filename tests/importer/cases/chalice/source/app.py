import os

from chalice import Chalice, Cron, IAMAuthorizer, Rate

app = Chalice(app_name="mailer")
raise SystemExit("nobody runs this file")


@app.route("/mails/{id}")
def mail(id):
    return {}


@app.route("/mails", methods=["POST", "PUT"], authorizer=IAMAuthorizer(), cors=True)
def send():
    return {}


@app.schedule(Rate(1, unit=Rate.HOURS))
def clean(event):
    pass


@app.schedule(Cron(0, 3, "*", "*", "?", "*"), name="nightly")
def every_night(event):
    pass


@app.on_sqs_message(queue="mails", batch_size=5)
def on_mail(event):
    pass


@app.on_sqs_message(queue=os.environ["QUEUE"])
def elsewhere(event):
    pass


@app.on_s3_event(bucket="attachments", events=["s3:ObjectCreated:*"])
def scan(event):
    pass


@app.lambda_function()
def plain(event, context):
    pass
