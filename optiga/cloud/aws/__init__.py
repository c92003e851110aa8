"""AWS IoT Core: the only place that knows boto3. Two doors: :func:`~.connection.connect` and what it gives to
:class:`~.certificates.Certificates` and :class:`~.registry.Registry`.
"""
